/* SPDX-License-Identifier: MIT
 * Any bytes are a policy, a calibration, or refused with a message. make fuzz builds and runs it. */
#include "base/memory.h"
#include "compare/calibration.h"
#include "compare/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_policy(const char *text, size_t length)
{
	struct policy policy;
	struct text messages = {0};
	bool good = policy_parse("fuzz", text, length, &policy, &messages) == 0;
	must(good == (messages.length == 0));
	for (int i = 0; i < METRIC_ALL; i++)
		must(policy.weight[i] <= POLICY_GATED && policy.threshold[i] >= 0 && policy.threshold[i] <= 1);
	text_release(&messages);
}

static void read_calibration(const char *json, size_t length)
{
	struct calibration calibration;
	struct error error = {0};
	if (calibration_read(json, length, &calibration, &error) < 0) {
		must(error.exit_code != EXIT_CODE_OK && *error.message && !calibration.known);
		return;
	}
	struct text again = {0};
	must(calibration_write(&calibration, &again, &error) == 0);
	calibration_release(&calibration);
	must(calibration_read(again.bytes, again.length, &calibration, &error) == 0);
	calibration_tell(&calibration, NULL, &again);
	calibration_release(&calibration);
	text_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *copy = memory_resize(NULL, length + 1, 1);
	must(copy != NULL);
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	read_policy(copy, length);
	read_calibration(copy, length);
	memory_release(copy);
	return 0;
}
