/* SPDX-License-Identifier: MIT */
#include "workload/decode.h"

#include <string.h>

#define TURNOVERS_MAX 1e6

enum { MIX, FREE, SCRIPT, TRACE, RINGS, ADVERSARY, BODIES };
static const char *const bodies[BODIES] = {"mix", "free", "script", "trace", "rings", "adversary"};

/* Keys that belong to some bodies only: reports those that this one does not know. */
static void check_keys(struct decode *decode, yaml_place place, size_t body)
{
	static const struct {
		const char *key;
		bool rings;
	} keys[] = {{"until", true}, {"ops", true},    {"victims", false}, {"free_on", true},
		    {"hold", false}, {"burst", false}, {"think", false}};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		yaml_place found = yaml_places_value(decode->places, place, keys[i].key);
		if (found != YAML_PLACE_NONE && body != MIX && !(body == RINGS && keys[i].rings))
			decode_fault(decode, found, "belongs to a mix%s; this phase has %s",
				     keys[i].rings ? " or rings" : "", bodies[body]);
	}
}

/* An index into bodies, or BODIES (reported). */
static size_t find_body(struct decode *decode, yaml_place place)
{
	size_t body = BODIES;
	for (size_t i = 0; i < BODIES; i++) {
		yaml_place found = yaml_places_value(decode->places, place, bodies[i]);
		if (found == YAML_PLACE_NONE)
			continue;
		if (body != BODIES)
			decode_fault(decode, found, "a phase has one body; this one has %s already", bodies[body]);
		else
			body = i;
	}
	if (body == BODIES)
		decode_fault(decode, place, "is missing a body: mix, free, script, trace, rings or adversary");
	else
		check_keys(decode, place, body);
	return body;
}

static void decode_share_entry(struct decode *decode, yaml_place place, const struct raw_share *raw,
			       struct workload_phase *phase)
{
	struct decode_value name = decode_value(decode, place, "request", raw->request);
	struct workload_share share = {0, 1};
	decode_missing(decode, place, "request", "an entry of a mix is {request: name, weight: count}");
	bool known = decode_request_name(decode, name, &share.request);
	decode_count(decode, decode_value(decode, place, "weight", raw->weight),
		     (struct decode_range){1, DECODE_WEIGHT_MAX, "shares"}, &share.weight);
	if (!known)
		return;
	for (size_t i = 0; i < phase->mix_count; i++)
		if (phase->mix[i].request == share.request) {
			decode_fault(decode, name.place, "'%s' is in this mix already; add the weights up", name.text);
			return;
		}
	phase->mix[phase->mix_count++] = share;
}

static void decode_mix(struct decode *decode, yaml_place place, const struct raw_phase *raw, struct workload_phase *phase)
{
	yaml_place list = decode_below(decode, place, "mix");
	if (list == YAML_PLACE_NONE)
		return;
	if (!raw->mix_count) {
		decode_fault(decode, list, "is an empty mix");
		return;
	}
	/* Each request is in it once. */
	phase->mix = decode_array(decode, WORKLOAD_REQUESTS_MAX, sizeof *phase->mix);
	for (unsigned i = 0; phase->mix && i < raw->mix_count; i++) {
		yaml_place entry = decode_entry(decode, list, i);
		if (entry != YAML_PLACE_NONE)
			decode_share_entry(decode, entry, &raw->mix[i], phase);
	}
}

static void decode_turnovers(struct decode *decode, struct decode_value value, struct workload_phase *phase)
{
	char quoted[YAML_QUOTE_BYTES];
	if (!decode_decimal(decode, value, &phase->until_ratio))
		return;
	if (strchr(value.text, '%') || phase->until_ratio <= 0 || phase->until_ratio > TURNOVERS_MAX)
		decode_fault(decode, value.place, "%s turnovers; a number above 0, at most %.0f",
			     yaml_quote(quoted, value.text), TURNOVERS_MAX);
}

static void decode_until(struct decode *decode, yaml_place place, const struct raw_until *raw, struct workload_phase *phase)
{
	static const char *const ends[] = {"occupancy", "live", "turnovers", "ops"};
	const char *found = NULL;
	for (size_t i = 0; i < 4; i++) {
		yaml_place end = yaml_places_value(decode->places, place, ends[i]);
		if (end == YAML_PLACE_NONE)
			continue;
		if (found)
			decode_fault(decode, end, "a second end; until has %s already", found);
		else
			found = ends[i];
	}
	if (!found) {
		decode_fault(decode, place, "is missing an end: occupancy, live, turnovers or ops");
		return;
	}
	struct decode_value occupancy = decode_value(decode, place, "occupancy", raw->occupancy);
	struct decode_value live = decode_value(decode, place, "live", raw->live);
	struct decode_value turnovers = decode_value(decode, place, "turnovers", raw->turnovers);
	struct decode_value ops = decode_value(decode, place, "ops", raw->ops);
	if (occupancy.text) {
		phase->until = WORKLOAD_UNTIL_OCCUPANCY;
		decode_share(decode, occupancy, false, &phase->until_ratio);
	} else if (live.text) {
		phase->until = WORKLOAD_UNTIL_LIVE;
		decode_count(decode, live, (struct decode_range){1, WORKLOAD_LIVE_MAX, "live extents"},
			     &phase->until_value);
	} else if (turnovers.text) {
		phase->until = WORKLOAD_UNTIL_TURNOVERS;
		decode_turnovers(decode, turnovers, phase);
	} else if (ops.text) {
		decode_count(decode, ops, (struct decode_range){1, WORKLOAD_OPS_MAX, "operations"}, &phase->until_value);
	}
}

/* What of until: belongs to a drain. */
static void decode_drain_end(struct decode *decode, yaml_place place, const struct raw_until *raw,
			     struct workload_phase *phase)
{
	static const char *const ends[] = {"ops", "turnovers"};
	decode_until(decode, place, raw, phase);
	for (size_t i = 0; i < 2; i++) {
		yaml_place end = yaml_places_value(decode->places, place, ends[i]);
		if (end != YAML_PLACE_NONE)
			decode_fault(decode, end, "a drain ends at an occupancy or a live count");
	}
}

static void decode_end(struct decode *decode, yaml_place place, const struct raw_phase *raw, struct workload_phase *phase)
{
	bool until_given = decode_given(decode, place, "until");
	struct decode_value ops = decode_value(decode, place, "ops", raw->ops);
	yaml_place until = decode_below(decode, place, "until");
	phase->until = WORKLOAD_UNTIL_OPS;
	if (until != YAML_PLACE_NONE && raw->until)
		decode_until(decode, until, raw->until, phase);
	if (until_given && ops.place != YAML_PLACE_NONE)
		decode_fault(decode, ops.place, "a second end; this phase has until already");
	else if (!until_given)
		decode_count(decode, ops, (struct decode_range){1, WORKLOAD_OPS_MAX, "operations"}, &phase->until_value);
	if (!until_given && ops.place == YAML_PLACE_NONE && phase->body == WORKLOAD_BODY_MIX)
		decode_fault(decode, place,
			     "a mix needs an end: ops: 2M, or until: {occupancy: 70%%}, {live: 10k} or {turnovers: 3}");
}

static bool is_fill(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_MIX &&
	       (phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE);
}

/* One of words below place; of a phase that frees. */
static unsigned decode_way(struct decode *decode, yaml_place place, const char *key, const char *raw,
			   const char *const *words, const struct workload_phase *phase)
{
	struct decode_value value = decode_value(decode, place, key, raw);
	unsigned way = 0;
	if (decode_word(decode, value, words, &way) && value.text && is_fill(phase))
		decode_fault(decode, value.place, "a mix that fills until occupancy or live frees nothing");
	return way;
}

static const char *const free_on_words[] = {"same", "next", NULL};

/* Every request of the mix needs a lifetime. */
static void check_lifetimes(struct decode *decode, yaml_place place, const struct raw_phase *raw)
{
	yaml_place list = decode_below(decode, place, "mix");
	for (unsigned i = 0; list != YAML_PLACE_NONE && i < raw->mix_count; i++) {
		yaml_place entry = decode_entry(decode, list, i);
		struct decode_value name = decode_value(decode, entry, "request", raw->mix[i].request);
		size_t request = entry != YAML_PLACE_NONE && name.text
					 ? name_table_find(&decode->request_numbers, name.text)
					 : NAME_TABLE_NONE;
		if (request == NAME_TABLE_NONE ||
		    decode->workload->requests[request].lifetime.kind != WORKLOAD_LIFETIME_NONE)
			continue;
		decode_fault(decode, name.place,
			     "'%s' has no lifetime, and victims: lifetime needs one; for example lifetime: {exponential: "
			     "{mean: 20k}}",
			     name.text);
	}
}

/* Who is freed, by whom, and how many at once. */
static void decode_ways(struct decode *decode, yaml_place place, const struct raw_phase *raw, struct workload_phase *phase)
{
	static const char *const victims[] = {"random", "fifo", "lifo", "lifetime", NULL};
	static const char *const holds[] = {"live", "occupancy", NULL};
	struct decode_value burst = decode_value(decode, place, "burst", raw->burst);
	phase->victims = (enum workload_victims)decode_way(decode, place, "victims", raw->victims, victims, phase);
	phase->free_on = (enum workload_free_on)decode_way(decode, place, "free_on", raw->free_on, free_on_words, phase);
	phase->hold = (enum workload_hold)decode_way(decode, place, "hold", raw->hold, holds, phase);
	phase->burst = 1;
	decode_count(decode, burst, (struct decode_range){1, WORKLOAD_BURST_MAX, "extents"}, &phase->burst);
	struct decode_value think = decode_value(decode, place, "think", raw->think);
	decode_count(decode, think, (struct decode_range){0, WORKLOAD_THINK_MAX, "operations"}, &phase->think);
	if (think.text && is_fill(phase))
		decode_fault(decode, think.place, "a mix that fills until occupancy or live has no steps to wait between");
	else if (think.text && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		decode_fault(decode, think.place, "victims: lifetime have no steps to wait between");
	if (burst.text && is_fill(phase))
		decode_fault(decode, burst.place, "a mix that fills until occupancy or live frees nothing");
	else if (burst.text && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		decode_fault(decode, burst.place, "victims: lifetime have no bursts; their times say when they go");
	else if (burst.text && phase->hold == WORKLOAD_HOLD_OCCUPANCY)
		decode_fault(decode, burst.place,
			     "hold: occupancy frees as many as a request takes; a burst keeps the count");
	if (phase->hold == WORKLOAD_HOLD_OCCUPANCY && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		decode_fault(decode, yaml_places_value(decode->places, place, "hold"),
			     "victims: lifetime hold nothing; their times say how many live");
	if (phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		check_lifetimes(decode, place, raw);
}

static void decode_free(struct decode *decode, yaml_place phase_place, const struct raw_free *raw,
			struct workload_phase *phase)
{
	static const char *const victims[] = {"random", "fifo", "lifo", NULL};
	yaml_place place = decode_below(decode, phase_place, "free");
	char quoted[YAML_QUOTE_BYTES];
	if (place == YAML_PLACE_NONE || !raw)
		return;
	if (decode_given(decode, place, "policy")) {
		phase->measured = false; /* a drain at the end must not speak for what came before it */
		struct decode_value word = decode_value(decode, place, "policy", raw->policy);
		if (word.text && strcmp(word.text, "all") != 0)
			decode_fault(decode, word.place, "%s is not known here; write all, or {until: {occupancy: 10%%}}",
				     yaml_quote(quoted, word.text));
		return;
	}
	phase->body = WORKLOAD_BODY_DRAIN;
	phase->until = WORKLOAD_UNTIL_LIVE;
	decode_missing(decode, place, "until", "for example until: {occupancy: 10%}");
	yaml_place until = decode_below(decode, place, "until");
	if (until != YAML_PLACE_NONE && raw->until)
		decode_drain_end(decode, until, raw->until, phase);
	phase->victims = (enum workload_victims)decode_way(decode, place, "victims", raw->victims, victims, phase);
	phase->free_on = (enum workload_free_on)decode_way(decode, place, "free_on", raw->free_on, free_on_words, phase);
}

static void decode_trace(struct decode *decode, yaml_place phase_place, const struct raw_trace *raw,
			 struct workload_trace *trace)
{
	static const char *const between_words[] = {"drain", "keep", NULL};
	static const char *const limits_words[] = {"recorded", "first", NULL};
	yaml_place place = decode_below(decode, phase_place, "trace");
	unsigned between = WORKLOAD_BETWEEN_DRAIN, limits = WORKLOAD_LIMITS_RECORDED;
	trace->repeat = 1;
	trace->align.kind = WORKLOAD_ALIGN_NATURAL;
	if (place == YAML_PLACE_NONE || !raw)
		return;
	struct decode_value file = decode_value(decode, place, "file", raw->file);
	decode_missing(decode, place, "file", "the path of a recording, relative to this workload");
	decode_text(decode, file, &trace->file);
	if (file.text && !*file.text)
		decode_fault(decode, file.place, "is empty; the path of a recording, relative to this workload");
	decode_count(decode, decode_value(decode, place, "repeat", raw->repeat),
		     (struct decode_range){1, WORKLOAD_OPS_MAX, "times"}, &trace->repeat);
	decode_word(decode, decode_value(decode, place, "between", raw->between), between_words, &between);
	decode_word(decode, decode_value(decode, place, "limits", raw->limits), limits_words, &limits);
	trace->between = (enum workload_between)between;
	trace->limits = (enum workload_limits)limits;
	decode_align(decode, place, raw->align, &trace->align);
}

/* A turnover is as large as what lives. */
static void check_life(struct decode *decode, yaml_place place, const struct workload_phase *phase)
{
	if (phase->body == WORKLOAD_BODY_FREE_ALL)
		decode->something_lives = false;
	else if (phase->body == WORKLOAD_BODY_MIX && !is_fill(phase) && phase->victims == WORKLOAD_VICTIMS_LIFETIME &&
		 phase->until != WORKLOAD_UNTIL_TURNOVERS)
		decode->something_lives = true;
	else if (phase->body != WORKLOAD_BODY_DRAIN && (phase->body != WORKLOAD_BODY_MIX || is_fill(phase)))
		decode->something_lives = true;
	else if (phase->body == WORKLOAD_BODY_MIX && phase->until == WORKLOAD_UNTIL_TURNOVERS && !decode->something_lives)
		decode_fault(
			decode, place,
			"nothing lives that could turn over; a phase with until: {live: ...} or {occupancy: ...} must come "
			"before");
}

/* Without an end rings are filled, no more. */
static void decode_rings_end(struct decode *decode, yaml_place place, const struct raw_phase *raw,
			     struct workload_phase *phase)
{
	bool until = decode_given(decode, place, "until");
	decode_end(decode, place, raw, phase);
	phase->free_on = (enum workload_free_on)decode_way(decode, place, "free_on", raw->free_on, free_on_words, phase);
	if (phase->until == WORKLOAD_UNTIL_LIVE || phase->until == WORKLOAD_UNTIL_OCCUPANCY)
		decode_fault(decode, decode_below(decode, place, "until"),
			     "rings end by ops or turnovers; without an end they are filled only");
	if (until || decode_given(decode, place, "ops"))
		return;
	if (decode_given(decode, place, "free_on"))
		decode_fault(decode, yaml_places_value(decode->places, place, "free_on"),
			     "rings without an end are filled only; nothing is freed");
	phase->until = WORKLOAD_UNTIL_LIVE;
	phase->until_value = (uint64_t)phase->rings.count * phase->rings.depth;
	phase->measured = false;
}

static void decode_phase(struct decode *decode, yaml_place place, const struct raw_phase *raw, struct workload_phase *phase)
{
	decode_missing(decode, place, "name", "results are told by the names of phases");
	size_t body = find_body(decode, place);
	phase->measured = true;
	switch (body) {
	case MIX:
		phase->body = WORKLOAD_BODY_MIX;
		decode_mix(decode, place, raw, phase);
		decode_end(decode, place, raw, phase);
		decode_ways(decode, place, raw, phase);
		phase->measured = !is_fill(phase);
		break;
	case FREE:
		phase->body = WORKLOAD_BODY_FREE_ALL;
		decode_free(decode, place, raw->free, phase);
		break;
	case SCRIPT:
		phase->body = WORKLOAD_BODY_SCRIPT;
		decode_script(decode, raw, place, phase);
		break;
	case TRACE:
		phase->body = WORKLOAD_BODY_TRACE;
		decode_trace(decode, place, raw->trace, &phase->trace);
		break;
	case RINGS:
		phase->body = WORKLOAD_BODY_RINGS;
		decode_rings(decode, place, raw->rings, &phase->rings);
		decode_rings_end(decode, place, raw, phase);
		break;
	case ADVERSARY:
		phase->body = WORKLOAD_BODY_ADVERSARY;
		decode_adversary(decode, place, raw->adversary, &phase->robson);
		break;
	default:
		decode->something_lives = true; /* unknown: no further complaint */
		return;
	}
	decode_flag(decode, decode_value(decode, place, "measure", raw->measure), &phase->measured);
	check_life(decode, place, phase);
}

static void decode_phase_name(struct decode *decode, yaml_place place, const char *raw, struct name_table *names,
			      size_t number)
{
	struct workload_phase *phase = &decode->workload->phases[number];
	struct decode_value value = decode_value(decode, place, "name", raw);
	if (!decode_name(decode, value, &phase->name) || !phase->name)
		return;
	size_t before = name_table_find(names, phase->name);
	if (before != NAME_TABLE_NONE)
		decode_fault(decode, value.place, "a second phase of this name; the first is phases[%zu]", before);
	else if (name_table_set(names, phase->name, number))
		decode_no_memory(decode);
}

void decode_phases(struct decode *decode, const struct raw_workload *raw)
{
	struct workload *workload = decode->workload;
	struct name_table names = {0};
	size_t count = raw->phases_count;
	decode_missing(decode, YAML_PLACE_ROOT, "phases", "a workload has at least one phase");
	yaml_place list = decode_below(decode, YAML_PLACE_ROOT, "phases");
	if (list == YAML_PLACE_NONE)
		return;
	if (!count)
		decode_fault(decode, list, "is an empty list; a workload has at least one phase");
	if (count > WORKLOAD_PHASES_MAX) {
		decode_fault(decode, yaml_places_item(decode->places, list, WORKLOAD_PHASES_MAX), "%zu phases; at most %u",
			     count, WORKLOAD_PHASES_MAX);
		count = WORKLOAD_PHASES_MAX;
	}
	workload->phases = decode_array(decode, count, sizeof *workload->phases);
	if (!workload->phases)
		return;
	workload->phase_count = count;
	for (unsigned i = 0; i < count; i++) {
		yaml_place place = decode_entry(decode, list, i);
		if (place == YAML_PLACE_NONE) {
			decode->something_lives = true;
			continue;
		}
		decode_phase_name(decode, place, raw->phases[i].name, &names, i);
		decode_phase(decode, place, &raw->phases[i], &workload->phases[i]);
	}
	name_table_release(&names);
}
