/* SPDX-License-Identifier: MIT
 * What a whole result means for the exit code. */
#include "result/result.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Whether it could play one of the workloads at least, or may have. */
static bool played_somewhere(const struct result *result, const struct result_arm *arm)
{
	for (size_t i = 0; i < result->arm_count; i++) {
		const struct result_arm *other = &result->arms[i];
		if (other->state != RESULT_ARM_NOT_APPLICABLE && other->threads == arm->threads &&
		    same_text(other->spec, arm->spec) && same_text(other->rate, arm->rate))
			return true;
	}
	return false;
}

static enum exit_code arm_exit_code(const struct result *result, const struct result_arm *arm)
{
	switch (arm->state) {
	case RESULT_ARM_FAILED:
		return error_owner_exit_code(arm->owner);
	case RESULT_ARM_NONDETERMINISTIC:
	case RESULT_ARM_UNTRUSTWORTHY:
		return EXIT_CODE_UNTRUSTWORTHY;
	case RESULT_ARM_NOT_APPLICABLE:
		return arm->named && !played_somewhere(result, arm) ? EXIT_CODE_NO_ARM : EXIT_CODE_OK;
	case RESULT_ARM_OK:
	case RESULT_ARM_NOT_RUN:
		break;
	}
	return EXIT_CODE_OK;
}

enum exit_code result_exit_code(const struct result *result)
{
	bool ran = false;
	enum exit_code code = result->run.partial ? EXIT_CODE_INTERRUPTED : EXIT_CODE_OK;
	code = exit_code_of_both(code, error_owner_exit_code(result->run.trouble_owner));
	for (size_t i = 0; i < result->arm_count; i++) {
		code = exit_code_of_both(code, arm_exit_code(result, &result->arms[i]));
		ran |= result->arms[i].state != RESULT_ARM_NOT_APPLICABLE;
	}
	for (size_t i = 0; i < result->expectation_count; i++)
		if (!result->expectations[i].met)
			code = exit_code_of_both(code, EXIT_CODE_MISSED);
	return ran ? code : exit_code_of_both(code, EXIT_CODE_NO_ARM);
}

bool result_can_go_on(const struct result *result)
{
	bool more = result->run.partial || result->run.trouble_owner == ERROR_OWNER_MACHINE;
	for (size_t i = 0; i < result->arm_count; i++)
		more |= result->arms[i].state == RESULT_ARM_FAILED && result->arms[i].owner == ERROR_OWNER_MACHINE;
	return more;
}
