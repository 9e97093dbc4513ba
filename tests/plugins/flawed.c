/* SPDX-License-Identifier: MIT
 * The mutants of conformance as one plugin: its option says which flaw it has. */
#include "../mutants/mutants.c"

static const char *const flaws[] = {
	"none",
	"overlap",
	"out-of-range",
	"short-grant",
	"lost-free",
	"no-coalescing",
	"ignored-align",
	"ignored-limit",
	"ignored-boundary",
	"false-no-space",
	"lying-visit",
	"lying-statistics",
	"failure-moves",
	"extent-on-failure",
	"counted-differs",
	"unrepeatable",
	"shared-state",
	"place-on-live",
	"place-refuses",
	"leak",
	"leak-on-failure",
	"no-memory-moves",
	"broken-invariant",
	"large-space",
	"places-late",
	"ignored-bottom",
	"ignored-top",
	"longest-too-long",
	"longest-too-short",
	"pads",
	"padding-untold",
	"padding-too-long",
	"padding-changes",
	NULL,
};
_Static_assert(sizeof flaws / sizeof flaws[0] == FLAW_PADDING_CHANGES + 2, "a name for each flaw");
static const uint64_t without[FLAW_PADDING_CHANGES + 1] = {[FLAW_PLACES_LATE] = IOVA_EXPLICIT};

static const struct iova_option options[] = {
	{.name = "flaw", .kind = IOVA_OPTION_CHOICE, .choices = flaws, .help = "what is wrong with it", .without = without},
};

static enum iova_status create_flawed(const struct iova_space *space, const uint64_t *values, const struct iova_host *host,
				      const struct iova_below *below, void **self, const char **reason)
{
	(void)below;
	return reference_make(space, host, (enum flaw)values[0], self, reason);
}

const struct iova_allocator *iova_plugin(void);
const struct iova_allocator *iova_plugin(void)
{
	static struct iova_allocator table;
	table = mutant_reference;
	table.name = "flawed";
	table.options = options;
	table.option_count = 1;
	table.create = create_flawed;
	table.padding = reference_padding;
	return &table;
}
