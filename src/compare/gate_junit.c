/* SPDX-License-Identifier: MIT */
#include "compare/gate.h"

#include <math.h>
#include <stdio.h>

/* XML 1.0 has no way to write control characters; names come from files. */
static void add_xml(struct text *xml, const char *value)
{
	char safe[1024];
	size_t length = 0;
	for (const char *at = value ? value : ""; *at && length + 1 < sizeof safe; at++) {
		unsigned char byte = (unsigned char)*at;
		safe[length++] = byte < 0x20 || byte == 0x7f || byte >= 0x80 ? '?' : *at;
	}
	safe[length] = '\0';
	text_add_html(xml, safe);
}

static void add_name(const struct result *result, size_t arm, struct text *xml)
{
	const struct result_arm *its = &result->arms[arm];
	struct text label = {0};
	result_workload_label(&result->workloads[its->workload], &label);
	xml->failed |= label.failed;
	add_xml(xml, label.bytes);
	text_release(&label);
	text_add(xml, " ");
	add_xml(xml, its->spec);
	if (its->threads > 1)
		text_add(xml, " %u threads", its->threads);
}

static void add_arm_name(const struct gate *gate, const struct gate_arm *arm, struct text *xml)
{
	add_name(gate->baseline, arm->baseline, xml);
}

static void add_number(struct text *xml, const char *before, double value)
{
	text_add(xml, isfinite(value) ? "%s%.6g" : "%snot measured", before, value);
}

/* "12 -> 15, ratio 1.25 [1.2, 1.3], threshold 3%; reason" */
static void add_detail(const struct result_comparison *row, struct text *xml)
{
	add_number(xml, "", row->a_value);
	add_number(xml, " to ", row->b_value);
	if (isfinite(row->ratio))
		text_add(xml, ", ratio %.4g", row->ratio);
	if (isfinite(row->ci_low))
		text_add(xml, " [%.4g, %.4g]", row->ci_low, row->ci_high);
	text_add(xml, ", threshold %.4g%%", 100 * row->threshold);
	if (row->rounds_wanted)
		text_add(xml, isfinite(row->ci_low) ? "; %u rounds would decide" : "; an interval takes %u rounds",
			 row->rounds_wanted);
	if (row->reason) {
		text_add(xml, "; ");
		add_xml(xml, row->reason);
	}
}

static void add_case(const struct gate *gate, const struct gate_arm *arm, const struct result_comparison *row,
		     struct text *xml)
{
	enum gate_outcome outcome = gate_row_outcome(gate->policy, row);
	bool noted =
		outcome == GATE_PASSED && row->verdict != RESULT_VERDICT_OK && row->verdict != RESULT_VERDICT_IMPROVEMENT;
	text_add(xml, "    <testcase classname=\"");
	add_arm_name(gate, arm, xml);
	text_add(xml, "\" name=\"%s\"", metric_table[row->metric].path);
	if (outcome == GATE_PASSED && !noted) {
		text_add(xml, "/>\n");
		return;
	}
	text_add(xml, ">\n      <%s message=\"%s%s: ",
		 outcome == GATE_FAILED         ? "failure"
		 : outcome == GATE_INCONCLUSIVE ? "error"
						: "skipped",
		 noted ? "advisory: " : "", result_verdict_word(row));
	add_detail(row, xml);
	text_add(xml, "\"/>\n    </testcase>\n");
}

struct counts {
	unsigned tests, failures, errors, skipped;
};

static struct counts count_arm(const struct gate *gate, const struct gate_arm *arm)
{
	struct counts counts = {1, !arm->present, 0, 0};
	for (size_t i = 0; i < arm->pair.row_count; i++) {
		const struct result_comparison *row = &arm->pair.rows[i];
		enum gate_outcome outcome = gate_row_outcome(gate->policy, row);
		counts.tests++;
		counts.failures += outcome == GATE_FAILED;
		counts.errors += outcome == GATE_INCONCLUSIVE;
		counts.skipped += outcome == GATE_PASSED && row->verdict != RESULT_VERDICT_OK &&
				  row->verdict != RESULT_VERDICT_IMPROVEMENT;
	}
	return counts;
}

static void add_suite(const struct gate *gate, const struct gate_arm *arm, struct text *xml)
{
	struct counts counts = count_arm(gate, arm);
	text_add(xml, "  <testsuite name=\"");
	add_arm_name(gate, arm, xml);
	text_add(xml, "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n    <testcase classname=\"",
		 counts.tests, counts.failures, counts.errors, counts.skipped);
	add_arm_name(gate, arm, xml);
	if (arm->present) {
		text_add(xml, "\" name=\"measured\"/>\n");
	} else {
		struct text why = {0};
		gate_tell_absent(arm, &why);
		text_add(xml, "\" name=\"measured\">\n      <failure message=\"");
		add_xml(xml, why.bytes);
		text_add(xml, "\"/>\n    </testcase>\n");
		xml->failed |= why.failed;
		text_release(&why);
	}
	for (size_t i = 0; i < arm->pair.row_count; i++)
		add_case(gate, arm, &arm->pair.rows[i], xml);
	text_add(xml, "  </testsuite>\n");
}

static void add_blind(const struct gate *gate, const struct gate_blind *blind, struct text *xml)
{
	bool failed = blind->outcome == GATE_FAILED;
	struct text why = {0};
	gate_tell_blind(gate, blind, &why);
	text_add(xml, "  <testsuite name=\"");
	add_name(blind->result, blind->arm, xml);
	text_add(xml, "\" tests=\"1\" failures=\"%d\" errors=\"%d\" skipped=\"0\">\n    <testcase classname=\"", failed,
		 !failed);
	add_name(blind->result, blind->arm, xml);
	text_add(xml, "\" name=\"measured\">\n      <%s message=\"", failed ? "failure" : "error");
	add_xml(xml, why.bytes);
	text_add(xml, "\"/>\n    </testcase>\n  </testsuite>\n");
	xml->failed |= why.failed;
	text_release(&why);
}

void gate_junit(const struct gate *gate, struct text *xml)
{
	struct counts all = {0};
	for (size_t i = 0; i < gate->arm_count; i++) {
		struct counts counts = count_arm(gate, &gate->arms[i]);
		all.tests += counts.tests;
		all.failures += counts.failures;
		all.errors += counts.errors;
		all.skipped += counts.skipped;
	}
	for (size_t i = 0; i < gate->blind_count; i++) {
		all.tests++;
		all.failures += gate->blinds[i].outcome == GATE_FAILED;
		all.errors += gate->blinds[i].outcome == GATE_INCONCLUSIVE;
	}
	text_add(xml,
		 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		 "<testsuites name=\"iovabench gate\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\">\n",
		 all.tests, all.failures, all.errors, all.skipped);
	for (size_t i = 0; i < gate->arm_count; i++)
		add_suite(gate, &gate->arms[i], xml);
	for (size_t i = 0; i < gate->blind_count; i++)
		add_blind(gate, &gate->blinds[i], xml);
	text_add(xml, "</testsuites>\n");
}
