/* SPDX-License-Identifier: MIT */
#include "workload/language.h"

#include "base/memory.h"
#include "yaml/scalar.h"

#include <math.h>
#include <string.h>

#define TURNOVERS_MAX 1e6

static const char *const bodies[] = {"mix",   "free",    "script", "trace",   "rings",     "adversary",
				     "queue", "offline", "online", "reserve", "unreserve", "adapter"};
#define BODIES (sizeof bodies / sizeof bodies[0])

/* The name of the body, or NULL: it has none. */
static const char *find_body(const struct yaml_document *document, yaml_location location)
{
	for (size_t i = 0; i < BODIES; i++)
		if (yaml_given(document, location, bodies[i]))
			return bodies[i];
	return NULL;
}

/* Keys that belong to some bodies only. */
static void check_keys(struct yaml_document *document, yaml_location location, const struct workload_phase *phase,
		       const char *body)
{
	if (phase->body != WORKLOAD_BODY_ADAPTER)
		yaml_fault(document, yaml_key_location(document, location, "save"),
			   "belongs to adapter: power_down; this phase has %s", body);
	if (phase->body != WORKLOAD_BODY_ADAPTER)
		yaml_fault(document, yaml_key_location(document, location, "of"), "belongs to adapter; this phase has %s",
			   body);
	if (phase->body != WORKLOAD_BODY_OFFLINE)
		yaml_fault(document, yaml_key_location(document, location, "caches"),
			   "belongs to offline; this phase has %s", body);
	static const struct {
		const char *key;
		bool rings;
	} keys[] = {{"until", true}, {"ops", true},    {"victims", false}, {"free_on", true},
		    {"hold", false}, {"burst", false}, {"think", false}};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0] && phase->body != WORKLOAD_BODY_MIX; i++)
		if (phase->body != WORKLOAD_BODY_RINGS || !keys[i].rings)
			yaml_fault(document, yaml_key_location(document, location, keys[i].key),
				   "belongs to a mix%s; this phase has %s", keys[i].rings ? " or rings" : "", body);
}

void rules_add_operations(struct yaml_document *document, yaml_location location, uint64_t operations)
{
	struct workload *workload = rules_of(document)->workload;
	uint64_t before = workload->operations;
	if (before > WORKLOAD_OPS_MAX)
		return;
	workload->operations = before + operations;
	if (workload->operations > WORKLOAD_OPS_MAX)
		yaml_fault(document, location,
			   "%llu operations behind %llu of the phases before are more than %llu, what a workload may have",
			   (unsigned long long)operations, (unsigned long long)before,
			   (unsigned long long)WORKLOAD_OPS_MAX);
}

/* Seconds of a churn or of rings are so many operations at the pace; a step of a churn takes its think time besides. */
static void read_seconds(struct yaml_document *document, yaml_location location, struct workload_phase *phase)
{
	const struct workload *workload = rules_of(document)->workload;
	bool rings = phase->body == WORKLOAD_BODY_RINGS;
	uint64_t burst = rings ? phase->rings.burst : phase->burst;
	double step = 2 * (double)(burst ? burst : 1), think = rings ? 0 : (double)phase->think;
	double operations = ceil(phase->until_ratio * workload->pace_ops_per_second * (step / (step + think)));
	phase->until_value = 1;
	if (!yaml_sound(document, location))
		return;
	if (phase->hold == WORKLOAD_HOLD_OCCUPANCY && phase->think)
		yaml_fault(document, location,
			   "with hold: occupancy and think: a step is as long as its request wants; end the phase by ops");
	else if (operations > (double)WORKLOAD_OPS_MAX)
		yaml_fault(document, location, "%.4g operations at this pace are more than %llu, what a workload may have",
			   operations, (unsigned long long)WORKLOAD_OPS_MAX);
	else
		phase->until_value = operations > 1 ? (uint64_t)operations : 1;
}

/* Where phase->until was written: below until, which is refused when there are two ends, or ops. */
static void check_end(struct yaml_document *document, yaml_location location, struct workload_phase *phase)
{
	yaml_location until = yaml_key_location(document, location, "until"),
		      ops = yaml_key_location(document, location, "ops");
	if (until != YAML_LOCATION_NONE && ops != YAML_LOCATION_NONE)
		yaml_fault(document, ops, "a second end; this phase has until already");
	yaml_location seconds = yaml_key_location(document, until, "seconds");
	if (seconds != YAML_LOCATION_NONE)
		read_seconds(document, seconds, phase);
	if (until != YAML_LOCATION_NONE)
		ops = seconds != YAML_LOCATION_NONE ? seconds : yaml_key_location(document, until, "ops");
	if (ops != YAML_LOCATION_NONE && yaml_sound(document, ops))
		rules_add_operations(document, ops, phase->until_value);
	if (until == YAML_LOCATION_NONE && ops == YAML_LOCATION_NONE && phase->body == WORKLOAD_BODY_MIX)
		yaml_fault(document, location,
			   "a mix needs an end: ops: 2M, or until: {occupancy: 70%%}, {live: 10k}, {turnovers: 3} or "
			   "{seconds: 60}");
	yaml_location turnovers = yaml_key_location(document, until, "turnovers");
	const char *text = yaml_value_text(document, turnovers);
	char quoted[YAML_QUOTE_BYTES];
	if (text && (strchr(text, '%') || phase->until_ratio <= 0 || phase->until_ratio > TURNOVERS_MAX))
		yaml_fault(document, turnovers, "%s turnovers; a number above 0, at most %.0f", yaml_quote(quoted, text),
			   TURNOVERS_MAX);
}

static bool is_fill(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_MIX &&
	       (phase->until == WORKLOAD_UNTIL_OCCUPANCY || phase->until == WORKLOAD_UNTIL_LIVE);
}

/* ---- mixes ---- */

/* location: of what the mix is a key of. */
static void check_mix(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	yaml_location list = yaml_key_location(document, location, "mix");
	bool seen[WORKLOAD_REQUESTS_MAX] = {false};
	for (size_t i = 0; i < phase->mix_count; i++) {
		yaml_location name = yaml_key_location(document, yaml_item_location(document, list, i), "request");
		size_t request = phase->mix[i].request;
		if (name == YAML_LOCATION_NONE || !yaml_sound(document, name))
			continue;
		if (seen[request])
			yaml_fault(document, name, "'%s' is in this mix already; add the weights up",
				   yaml_value_text(document, name));
		seen[request] = true;
	}
}

/* Every request of the mix needs a lifetime. */
static void check_lifetimes(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	const struct workload *workload = rules_of(document)->workload;
	yaml_location list = yaml_key_location(document, location, "mix");
	for (size_t i = 0; i < phase->mix_count; i++) {
		yaml_location name = yaml_key_location(document, yaml_item_location(document, list, i), "request");
		const char *text = yaml_value_text(document, name);
		if (text && workload->requests[phase->mix[i].request].lifetime.kind == WORKLOAD_LIFETIME_NONE)
			yaml_fault(document, name,
				   "'%s' has no lifetime, and %s needs one; for example lifetime: "
				   "{exponential: {mean: 20k}}",
				   text, phase->body == WORKLOAD_BODY_QUEUE ? "a queue" : "victims: lifetime");
	}
}

static void check_queue(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	const struct workload *workload = rules_of(document)->workload;
	yaml_location queue = yaml_key_location(document, location, "queue");
	yaml_location list = yaml_key_location(document, queue, "mix");
	check_mix(document, queue, phase);
	check_lifetimes(document, queue, phase);
	for (size_t i = 0; i < phase->mix_count; i++) {
		yaml_location name = yaml_key_location(document, yaml_item_location(document, list, i), "request");
		const char *text = yaml_value_text(document, name);
		if (text && workload->requests[phase->mix[i].request].call != WORKLOAD_CALL_EXTENT)
			yaml_fault(document, name, "'%s' is a driver call, which fails at once; a queue takes call: extent",
				   text);
	}
}

static void check_fill(struct yaml_document *document, yaml_location location)
{
	static const char *const ways[] = {"victims", "free_on", "hold"};
	for (size_t i = 0; i < 3; i++)
		if (yaml_good(document, location, ways[i]))
			yaml_fault(document, yaml_key_location(document, location, ways[i]),
				   "a mix that fills until occupancy or live frees nothing");
	if (yaml_good(document, location, "think"))
		yaml_fault(document, yaml_key_location(document, location, "think"),
			   "a mix that fills until occupancy or live has no steps to wait between");
	if (yaml_good(document, location, "burst"))
		yaml_fault(document, yaml_key_location(document, location, "burst"),
			   "a mix that fills until occupancy or live frees nothing");
}

/* Who is freed, by whom, and how many at once. */
static void check_ways(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	bool lifetime = phase->victims == WORKLOAD_VICTIMS_LIFETIME, fill = is_fill(phase);
	bool holds = phase->hold == WORKLOAD_HOLD_OCCUPANCY;
	if (fill)
		check_fill(document, location);
	if (!fill && lifetime && yaml_good(document, location, "think"))
		yaml_fault(document, yaml_key_location(document, location, "think"),
			   "victims: lifetime have no steps to wait between");
	if (!fill && (lifetime || holds) && yaml_good(document, location, "burst"))
		yaml_fault(document, yaml_key_location(document, location, "burst"),
			   lifetime ? "victims: lifetime have no bursts; their times say when they go"
				    : "hold: occupancy frees as many as a request takes; a burst keeps the count");
	if (lifetime && holds)
		yaml_fault(document, yaml_key_location(document, location, "hold"),
			   "victims: lifetime hold nothing; their times say how many live");
	if (lifetime)
		check_lifetimes(document, location, phase);
}

/* ---- other bodies ---- */

/* What of until: belongs to a drain. */
static void check_drain(struct yaml_document *document, yaml_location location)
{
	static const char *const ends[] = {"ops", "turnovers"};
	yaml_location until = yaml_key_location(document, yaml_key_location(document, location, "free"), "until");
	for (size_t i = 0; i < 2; i++)
		yaml_fault(document, yaml_key_location(document, until, ends[i]),
			   "a drain ends at an occupancy or a live count");
}

void rule_trace(struct yaml_document *document, yaml_location location, void *item)
{
	yaml_location file = yaml_key_location(document, location, "file");
	const char *text = yaml_value_text(document, file);
	(void)item;
	if (text && !*text)
		yaml_fault(document, file, "is empty; the path of a recording, relative to this workload");
}

/* One value for all rings, or one for each: tells of a list of another length. */
static bool fits_rings(struct yaml_document *document, yaml_location location, const char *key,
		       const struct workload_rings *rings)
{
	yaml_location list = yaml_key_location(document, location, key);
	size_t given = list == YAML_LOCATION_NONE ? 1 : yaml_list_length(document, list);
	if (given == 1 || given == rings->count)
		return true;
	yaml_fault(document, list, "has %zu values for %u rings; write one %s for all of them, or one for each", given,
		   rings->count, key);
	return false;
}

void rule_rings(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_rings *rings = item;
	yaml_location depth = yaml_key_location(document, location, "depth"),
		      burst = yaml_key_location(document, location, "burst");
	if (yaml_good(document, location, "depth"))
		yaml_in_range(document, depth, rings->depth, 1, WORKLOAD_LIVE_MAX / rings->count, "extents in a ring");
	if (yaml_good(document, location, "depth") && yaml_good(document, location, "burst") && rings->burst > rings->depth)
		yaml_fault(document, burst, "a burst of %u is more than the ring holds, %u", rings->burst, rings->depth);
	if (!rings->pace_count) {
		rings->pace_count = 1;
		rings->pace[0] = 1;
	}
	bool fits = fits_rings(document, location, "request", rings);
	if (!fits_rings(document, location, "pace", rings) || !fits)
		return;
	for (size_t i = rings->request_count; i < rings->count; i++)
		rings->request[i] = rings->request[0];
	for (size_t i = rings->pace_count; i < rings->count; i++)
		rings->pace[i] = rings->pace[0];
}

/* Without an end rings are filled, no more. */
static void check_rings_end(struct yaml_document *document, yaml_location location, struct workload_phase *phase)
{
	bool until = yaml_given(document, location, "until");
	if (until && (phase->until == WORKLOAD_UNTIL_LIVE || phase->until == WORKLOAD_UNTIL_OCCUPANCY))
		yaml_fault(document, yaml_key_location(document, location, "until"),
			   "rings end by ops or turnovers; without an end they are filled only");
	if (until || yaml_given(document, location, "ops"))
		return;
	yaml_fault(document, yaml_key_location(document, location, "free_on"),
		   "rings without an end are filled only; nothing is freed");
	phase->until = WORKLOAD_UNTIL_LIVE;
	phase->until_value = (uint64_t)phase->rings.count * phase->rings.depth;
}

void rule_robson(struct yaml_document *document, yaml_location location, void *item)
{
	const struct workload_robson *robson = item;
	if (yaml_good(document, location, "live") && yaml_good(document, location, "largest") &&
	    robson->largest > robson->live)
		yaml_fault(document, yaml_key_location(document, location, "largest"),
			   "is more than what lives at once, %s", yaml_key_value(document, location, "live"));
}

/* ---- CPUs that leave and come back ---- */

static void check_cpu(struct yaml_document *document, yaml_location location, uint32_t cpu, bool leaves)
{
	struct rules *rules = rules_of(document);
	if (!yaml_sound(document, location))
		return;
	if (cpu >= rules->workload->cpus) {
		yaml_fault(document, location, "there is no CPU %u; they are 0 to %u (cpus: %u)", cpu,
			   rules->workload->cpus - 1, rules->workload->cpus);
		return;
	}
	uint64_t *word = &rules->offline[cpu / 64], bit = UINT64_C(1) << cpu % 64;
	if (cpu == 0)
		yaml_fault(document, location, "CPU 0 is always online: scripts and free: all run on it");
	else if (!(*word & bit) != leaves)
		yaml_fault(document, location, "CPU %u is %s already", cpu, leaves ? "offline" : "online");
	else
		*word ^= bit;
}

static void check_cpus(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	bool leaves = phase->body == WORKLOAD_BODY_OFFLINE;
	yaml_location list = yaml_key_location(document, location, leaves ? "offline" : "online");
	if (list == YAML_LOCATION_NONE || !yaml_sound(document, list))
		return;
	if (!yaml_list_length(document, list))
		yaml_fault(document, list, "is an empty list; at least one CPU");
	for (size_t i = 0; i < phase->cpu_count; i++)
		check_cpu(document, yaml_item_location(document, list, i), phase->cpus[i], leaves);
}

/* ---- ranges that are reserved while the workload runs ---- */

static bool overlap(const struct workload_hole *a, const struct workload_hole *b)
{
	return a->first < b->first + b->count && b->first < a->first + a->count;
}

/* The one that lives of those that phases so far reserved and that is the same as range, or overlaps it; or NULL. */
static struct workload_hole *find_reserved(struct rules *rules, const struct workload_hole *range, bool same)
{
	for (size_t i = 0; i < rules->reserved_count; i++) {
		struct workload_hole *other = &rules->reserved[i];
		if (same ? other->first == range->first && other->count == range->count : overlap(other, range))
			return other;
	}
	return NULL;
}

static void reserve_range(struct yaml_document *document, yaml_location location, const struct workload_hole *range)
{
	struct rules *rules = rules_of(document);
	const struct workload_space *space = &rules->workload->space;
	yaml_location base = yaml_key_location(document, location, "base");
	for (size_t i = 0; i < space->hole_count; i++)
		if (overlap(&space->holes[i], range)) {
			yaml_fault(document, base, "the range overlaps one of space.reserved, which nobody gets");
			return;
		}
	if (find_reserved(rules, range, false)) {
		yaml_fault(document, base, "the range overlaps one that is reserved already");
		return;
	}
	if (memory_grow(&rules->reserved, &rules->reserved_capacity, rules->reserved_count, sizeof rules->reserved[0]) < 0)
		yaml_no_memory(document);
	else
		rules->reserved[rules->reserved_count++] = *range;
}

static void check_ranges(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	struct rules *rules = rules_of(document);
	bool reserves = phase->body == WORKLOAD_BODY_RESERVE;
	yaml_location list = yaml_key_location(document, location, reserves ? "reserve" : "unreserve");
	if (list == YAML_LOCATION_NONE || !yaml_sound(document, list))
		return;
	if (rules->workload->space.mode == DDI_MODE_IDENTITY)
		yaml_fault(document, list, "in mode identity physical memory decides what is taken");
	for (size_t i = 0; i < phase->range_count; i++) {
		yaml_location item = yaml_item_location(document, list, i);
		const struct workload_hole *range = &phase->ranges[i];
		if (!rules_hole(document, item, &rules->workload->space, range))
			continue;
		struct workload_hole *reserved = reserves ? NULL : find_reserved(rules, range, true);
		if (reserves)
			reserve_range(document, item, range);
		else if (reserved)
			*reserved = rules->reserved[--rules->reserved_count];
		else
			yaml_fault(document, yaml_key_location(document, item, "base"),
				   "no phase before has reserved just this range, or it was given back since");
	}
}

/* ---- adapters ---- */

static enum rules_adapter *state_of(const struct yaml_document *document, size_t adapter)
{
	return &rules_of(document)->adapters[adapter < WORKLOAD_ADAPTERS_MAX ? adapter : 0];
}

/* It is not there, or has no power. */
static void check_runs(struct yaml_document *document, yaml_location location, size_t adapter)
{
	const struct workload *workload = rules_of(document)->workload;
	enum rules_adapter *state = state_of(document, adapter);
	if (*state == RULES_ADAPTER_RUNS)
		return;
	yaml_fault(document, location, "the adapter%s%s %s by a phase before; adapter: %s must come first",
		   workload->adapter_count ? " " : "", workload->adapter_count ? workload->adapters[adapter].name : "",
		   *state == RULES_ADAPTER_ASLEEP ? "was powered down" : "was stopped or unplugged",
		   *state == RULES_ADAPTER_ASLEEP ? "power_up" : "start");
	*state = RULES_ADAPTER_RUNS; /* told once */
}

/* 0 of what was told as no request. */
static size_t adapter_of(const struct workload *workload, size_t request)
{
	return request < workload->request_count ? workload->requests[request].adapter : 0;
}

/* Whether a phase asks something of an adapter among several. */
static bool asks_adapter(const struct workload *workload, const struct workload_phase *phase, size_t adapter)
{
	bool asks = false;
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
	case WORKLOAD_BODY_QUEUE:
		for (size_t i = 0; i < phase->mix_count; i++)
			asks |= adapter_of(workload, phase->mix[i].request) == adapter;
		return asks;
	case WORKLOAD_BODY_RINGS:
		for (size_t i = 0; i < phase->rings.count; i++)
			asks |= adapter_of(workload, phase->rings.request[i]) == adapter;
		return asks;
	case WORKLOAD_BODY_SCRIPT:
		for (size_t i = 0; i < phase->script_count; i++) {
			const struct workload_script_op *op = &phase->script[i];
			asks |= op->kind == WORKLOAD_SCRIPT_ALLOC && adapter_of(workload, op->request) == adapter;
			asks |= op->kind == WORKLOAD_SCRIPT_CALL && workload->routine_calls[op->call].adapter == adapter;
		}
		return asks;
	case WORKLOAD_BODY_DRAIN:
	case WORKLOAD_BODY_FREE_ALL:
		return false;
	default:
		return true;
	}
}

/* Whoever comes while an adapter that it needs does not run. What is freed may be anybody's, but for who is not there: he has
 * nothing. */
static void check_adapters_run(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	const struct workload *workload = rules_of(document)->workload;
	if (phase->body == WORKLOAD_BODY_OFFLINE || phase->body == WORKLOAD_BODY_ONLINE)
		return;
	for (size_t i = 0; i < workload_adapters(workload); i++) {
		bool frees = *state_of(document, i) == RULES_ADAPTER_ASLEEP && !is_fill(phase);
		if (workload->adapter_count < 2 || frees || asks_adapter(workload, phase, i))
			check_runs(document, location, i);
	}
}

static void check_save(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	const struct workload *workload = rules_of(document)->workload;
	yaml_location save = yaml_key_location(document, location, "save");
	yaml_location request = yaml_key_location(document, save, "request");
	const char *name = yaml_value_text(document, request);
	if (phase->event != WORKLOAD_EVENT_POWER_DOWN)
		yaml_fault(document, yaml_key_location(document, location, "save"), "belongs to adapter: power_down");
	else if (!name || !yaml_sound(document, request))
		return;
	else if (workload->requests[phase->save.request].call == WORKLOAD_CALL_EXTENT)
		yaml_fault(document, request,
			   "'%s' is no driver call; a frame buffer is saved by one, for example call: adl", name);
	else if (phase->one_adapter && workload->requests[phase->save.request].adapter != phase->adapter)
		yaml_fault(document, request, "'%s' is memory of another adapter than the one that is powered down", name);
}

/* The event on one of its adapters. */
static void pass_event(struct yaml_document *document, yaml_location event, const struct workload_phase *phase,
		       size_t adapter)
{
	enum rules_adapter *state = state_of(document, adapter);
	switch (phase->event) {
	case WORKLOAD_EVENT_START:
		if (*state != RULES_ADAPTER_GONE)
			yaml_fault(document, event, "the adapter runs: start comes after stop or unplug");
		break;
	case WORKLOAD_EVENT_POWER_UP:
		if (*state != RULES_ADAPTER_ASLEEP)
			yaml_fault(document, event, "the adapter has power: power_up comes after power_down");
		break;
	case WORKLOAD_EVENT_UNPLUG:
		if (*state == RULES_ADAPTER_ASLEEP) /* also while it sleeps */
			break;
		/* fallthrough */
	default:
		check_runs(document, event, adapter);
	}
	*state = phase->event == WORKLOAD_EVENT_POWER_DOWN                                      ? RULES_ADAPTER_ASLEEP
		 : phase->event == WORKLOAD_EVENT_STOP || phase->event == WORKLOAD_EVENT_UNPLUG ? RULES_ADAPTER_GONE
												: RULES_ADAPTER_RUNS;
}

static void check_event(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	const struct rules *rules = rules_of(document);
	yaml_location event = yaml_key_location(document, location, "adapter");
	if (event == YAML_LOCATION_NONE || !yaml_sound(document, event))
		return;
	check_save(document, location, phase);
	if (phase->one_adapter && workload_phase_ends_adapter(phase) && rules->reserved_count)
		yaml_fault(document, yaml_key_location(document, location, "of"),
			   "ranges are reserved in every domain; unreserve must come first, or it happens to all adapters");
	for (size_t i = 0; i < workload_adapters(rules->workload); i++)
		if (!phase->one_adapter || phase->adapter == i)
			pass_event(document, event, phase, i);
}

/* ---- the phase ---- */

/* It leaves what lives as it is. */
static bool has_no_extents(const struct workload_phase *phase)
{
	return phase->body == WORKLOAD_BODY_OFFLINE || phase->body == WORKLOAD_BODY_ONLINE ||
	       phase->body == WORKLOAD_BODY_RESERVE || phase->body == WORKLOAD_BODY_UNRESERVE ||
	       phase->body == WORKLOAD_BODY_ADAPTER;
}

/* A turnover is as large as what lives. */
static void check_life(struct yaml_document *document, yaml_location location, const struct workload_phase *phase)
{
	bool *lives = &rules_of(document)->something_lives, turns_over = phase->until == WORKLOAD_UNTIL_TURNOVERS;
	if (workload_phase_ends_all(phase)) {
		*lives = false;
		rules_of(document)->reserved_count = 0;
	} else if (phase->body == WORKLOAD_BODY_DRAIN || has_no_extents(phase))
		return;
	else if (phase->body != WORKLOAD_BODY_MIX || is_fill(phase))
		*lives = true;
	else if (turns_over && !*lives)
		yaml_fault(
			document, location,
			"nothing lives that could turn over; a phase with until: {live: ...} or {occupancy: ...} must come "
			"before");
	else if (!turns_over && phase->victims == WORKLOAD_VICTIMS_LIFETIME)
		*lives = true;
}

void rule_phase(struct yaml_document *document, yaml_location location, void *item)
{
	struct workload_phase *phase = item;
	const char *body = find_body(document, location);
	if (!body) {
		rules_of(document)->something_lives = true; /* unknown: no further complaint */
		return;
	}
	check_keys(document, location, phase, body);
	switch (phase->body) {
	case WORKLOAD_BODY_MIX:
		check_mix(document, location, phase);
		check_end(document, location, phase);
		check_ways(document, location, phase);
		break;
	case WORKLOAD_BODY_RINGS:
		check_end(document, location, phase);
		check_rings_end(document, location, phase);
		break;
	case WORKLOAD_BODY_DRAIN:
		check_drain(document, location);
		break;
	case WORKLOAD_BODY_SCRIPT:
		rules_script(document, location, phase);
		break;
	case WORKLOAD_BODY_OFFLINE:
	case WORKLOAD_BODY_ONLINE:
		check_cpus(document, location, phase);
		break;
	case WORKLOAD_BODY_ADAPTER:
		check_event(document, location, phase);
		break;
	case WORKLOAD_BODY_TRACE:
		if (rules_of(document)->workload->space.mode == DDI_MODE_IDENTITY)
			yaml_fault(
				document, yaml_key_location(document, location, "trace"),
				"in mode identity physical memory decides every address; a recording asks the allocator for "
				"them");
		break;
	case WORKLOAD_BODY_QUEUE:
		check_queue(document, location, phase);
		break;
	case WORKLOAD_BODY_RESERVE:
	case WORKLOAD_BODY_UNRESERVE:
		check_ranges(document, location, phase);
		break;
	default:
		break;
	}
	if (phase->body != WORKLOAD_BODY_ADAPTER)
		check_adapters_run(document, location, phase);
	/* A drain at the end must not speak for what came before it. */
	if (!yaml_given(document, location, "measure"))
		phase->measured = !is_fill(phase) && phase->body != WORKLOAD_BODY_FREE_ALL && !has_no_extents(phase) &&
				  (phase->body != WORKLOAD_BODY_RINGS || phase->until != WORKLOAD_UNTIL_LIVE);
	check_life(document, location, phase);
}
