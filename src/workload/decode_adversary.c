/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

void decode_adversary(struct decode *decode, yaml_place phase_place, const struct raw_adversary *raw,
		      struct workload_robson *robson)
{
	yaml_place place = decode_below(decode, phase_place, "adversary");
	*robson = (struct workload_robson){1, 1};
	if (place == YAML_PLACE_NONE || !raw)
		return;
	decode_missing(decode, place, "robson",
		       "the one adversary there is: {robson: {live: 1024 pages, largest: 16 pages}}");
	yaml_place rules = decode_below(decode, place, "robson");
	if (rules == YAML_PLACE_NONE || !raw->robson)
		return;
	decode_missing(decode, rules, "live", "the most pages that live at once");
	decode_missing(decode, rules, "largest", "the largest block that is asked for");
	struct decode_value live = decode_value(decode, rules, "live", raw->robson->live);
	struct decode_value largest = decode_value(decode, rules, "largest", raw->robson->largest);
	bool good = decode_pages(
		decode, live, (struct decode_range){1, WORKLOAD_LIVE_MAX, "more than an adversary follows"}, &robson->live);
	good &= decode_pages_power(decode, largest,
				   (struct decode_range){1, WORKLOAD_LIVE_MAX, "more than an adversary follows"},
				   &robson->largest);
	if (good && live.text && largest.text && robson->largest > robson->live)
		decode_fault(decode, largest.place, "is more than what lives at once, %s", live.text);
}
