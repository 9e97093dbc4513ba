/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/workload_folder.h"
#include "run/plan.h"
#include "verify/shrink.h"
#include "verify/stream.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

struct arguments {
	struct verify_options verify;
	uint32_t minutes, stall_seconds, memory_mib;
	uint64_t ops; /* of each workload */
	const char *rule, *script, *json;
	bool here, no_shrink, quiet;
	struct verify_case *given;
	const struct verify_rule *only; /* or NULL */
};

static const char *const off_on[] = {"on", "off", NULL};

static const struct option_row rows[] = {
	{.name = "promise",
	 .kind = OPTION_CHOICE,
	 .effect = OPTION_SHOWS,
	 .value = "complete|size-classes|buddy|bounded",
	 .wanted = "complete, size-classes, buddy or bounded",
	 .choices = verify_promise_names,
	 .help = "what it promises to find, instead of what its table says: any place that would do; a run of twice the "
		 "pages; a "
		 "naturally aligned block of the next power of two; or nothing, because its search ends early",
	 OPTION_AT(struct arguments, verify.promise)},
	{.name = "minutes",
	 .kind = OPTION_NUMBER,
	 .effect = OPTION_SHOWS,
	 .value = "N",
	 .wanted = "1 to 10000",
	 .minimum = 1,
	 .maximum = 10000,
	 .help = "hunt: after the quick look play ever new random calls for so long, or until a rule breaks",
	 OPTION_AT(struct arguments, minutes)},
	{.name = "seed",
	 .kind = OPTION_NUMBER,
	 .effect = OPTION_SHOWS,
	 .value = "N",
	 .wanted = "a whole number",
	 .maximum = UINT64_MAX,
	 .help = "of the random calls (1)",
	 OPTION_AT(struct arguments, verify.seed)},
	{.name = "rule",
	 .kind = OPTION_TEXT,
	 .effect = OPTION_SHOWS,
	 .value = "NAME",
	 .help = "this rule alone; iovabench list rules shows them",
	 OPTION_AT(struct arguments, rule)},
	{.name = "ops",
	 .kind = OPTION_COUNT,
	 .effect = OPTION_SHOWS,
	 .value = "N",
	 .wanted = "1 to 100M",
	 .minimum = 1,
	 .maximum = 100000000,
	 .help = "how many operations of each workload are played (250k)",
	 OPTION_AT(struct arguments, ops)},
	{.name = "output",
	 .letter = 'o',
	 .kind = OPTION_TEXT,
	 .effect = OPTION_SHOWS,
	 .value = "FILE",
	 .help = "where the script goes that breaks a rule (failure.yaml)",
	 OPTION_AT(struct arguments, script)},
	{.name = "shrink",
	 .kind = OPTION_CHOICE,
	 .effect = OPTION_SHOWS,
	 .value = "on|off",
	 .wanted = "on or off",
	 .choices = off_on,
	 .help = "whether what breaks a rule is cut down and written (on)",
	 OPTION_AT(struct arguments, no_shrink)},
	{.name = "here",
	 .kind = OPTION_FLAG,
	 .effect = OPTION_SHOWS,
	 .help = "for debuggers: plays --rule in this process, without limits, and writes nothing",
	 OPTION_AT(struct arguments, here)},
	{.name = "stall",
	 .kind = OPTION_NUMBER,
	 .effect = OPTION_SHOWS,
	 .value = "SECONDS",
	 .wanted = "1 to 3600",
	 .minimum = 1,
	 .maximum = 3600,
	 .help = "a call that takes longer hangs (5)",
	 OPTION_AT(struct arguments, stall_seconds)},
	{.name = "memory",
	 .kind = OPTION_NUMBER,
	 .effect = OPTION_SHOWS,
	 .value = "MIB",
	 .wanted = "16 to 1048576",
	 .minimum = 16,
	 .maximum = 1048576,
	 .help = "resident memory of the process that plays, at most (1024)",
	 OPTION_AT(struct arguments, memory_mib)},
	{.name = "json",
	 .kind = OPTION_TEXT,
	 .effect = OPTION_SHOWS,
	 .value = "FILE|-",
	 .help = "the table as JSON, into a file or onto standard output",
	 OPTION_AT(struct arguments, json)},
	{.name = "quiet",
	 .letter = 'q',
	 .kind = OPTION_FLAG,
	 .effect = OPTION_SHOWS,
	 .help = "no table: only what is broken",
	 OPTION_AT(struct arguments, quiet)},
};

static void offer_names(void (*offer)(void *context, const char *name, const char *about), void *context)
{
	for (size_t i = 0; i < allocator_registry_count; i++)
		offer(context, allocator_registry[i]->name, allocator_registry[i]->about);
}

static volatile bool interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = true;
}

static bool is_broken(const struct verify_row *row)
{
	return row->outcome.state != VERIFY_HELD && row->outcome.state != VERIFY_NOT_APPLICABLE;
}

/* What a state is called. */
static const char *state_name(const struct verify_row *row)
{
	static const char *const names[] = {"held", "broken", "n/a", "crashed", "hung", "memory", "ended"};
	_Static_assert(sizeof names / sizeof names[0] == VERIFY_ENDED + 1, "a name for each state");
	return names[row->outcome.state];
}

/* Opens a workload, from memory where bytes are given (taken over), and makes its calls a case. */
static int read_case(const char *file, char *bytes, size_t length, const struct plan_changes *changes, uint64_t most,
		     struct verify_case *made, struct text *messages, struct error *error)
{
	static const struct plan_changes none;
	struct plan plan = {0};
	if (!bytes && file_read_input(file, WORKLOAD_FILE_BYTES_MAX, &bytes, &length, error) < 0)
		return -1;
	if (plan_open(&plan, file, bytes, length, changes ? changes : &none, messages, error) < 0)
		return error_set(error, EXIT_CODE_USAGE, "%s is no workload that can be played", file);
	verify_case_of_stream(&plan.workload, plan.stream, most, made);
	plan_close(&plan);
	return made->failed ? error_set(error, EXIT_CODE_IO, "no memory for the operations of %s", file) : 0;
}

static int read_workloads(struct arguments *arguments, char *const *words, size_t count, struct error *error)
{
	struct text messages = {0};
	int result = 0;
	arguments->given = memory_zeroed(count, sizeof *arguments->given);
	if (!arguments->given)
		return error_set(error, EXIT_CODE_IO, "no memory for workloads");
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct text path = {0};
		workload_folder_resolve(words[i], &path);
		result = path.failed ? error_set(error, EXIT_CODE_IO, "no memory for a path")
				     : read_case(path.bytes, NULL, 0, NULL, arguments->ops, &arguments->given[i], &messages,
						 error);
		text_release(&path);
		arguments->verify.given_count = i + 1;
	}
	arguments->verify.given = arguments->given;
	if (messages.length)
		cli_say("%s", messages.bytes);
	text_release(&messages);
	return result;
}

static void show_table(const struct arguments *arguments, const struct verify_report *report)
{
	struct text table = {0};
	text_add(&table, "%s: %zu rules held, %zu broken, %zu do not apply; promise: %s\n", arguments->verify.spec,
		 report->held, report->broken, report->not_applicable, verify_promise_names[report->promise]);
	for (size_t i = 0; i < report->row_count; i++) {
		const struct verify_row *row = &report->rows[i];
		text_add(&table, "  %-8s %-12s %s\n", state_name(row), row->rule->name, row->rule->sentence);
		if (is_broken(row))
			text_add(&table, "  %-8s %-12s   %s%s\n", "", "", row->outcome.message,
				 row->given ? " (operations of the workload)" : "");
	}
	char calls[TEXT_NUMBER_BYTES], rate[TEXT_NUMBER_BYTES];
	text_add(&table, "%s calls in %.2f s", text_count(calls, (double)report->calls), report->seconds);
	if (report->refused)
		text_add(&table, "; %llu spaces were refused, with a reason", (unsigned long long)report->refused);
	if (report->seeds)
		text_add(&table, "; hunt: %llu seeds, %s calls/s", (unsigned long long)report->seeds,
			 text_count(rate, (double)report->calls / report->seconds));
	text_add(&table, "\n");
	if (!table.failed)
		cli_show(table.bytes);
	text_release(&table);
}

/* What became of the row that was cut down. */
struct failure {
	const struct verify_row *row; /* NULL: nothing was */
	struct verify_shrunk shrunk;
	bool sayable; /* the script breaks the rule, too */
	struct text script;
};

/* Whether what was written breaks the rule when it is read again. */
static bool shows(const struct arguments *arguments, const struct verify_report *report, const struct failure *failure,
		  struct error *error)
{
	struct verify_case again = {0};
	struct verify_outcome outcome = {0};
	struct text messages = {0};
	struct error wrong = {0};
	struct verify_options options = arguments->verify;
	char *bytes = memory_text(failure->script.bytes);
	options.limits.quiet = true;
	int result = bytes ? read_case(arguments->script, bytes, failure->script.length, NULL, UINT64_MAX, &again,
				       &messages, &wrong)
			   : -1;
	if (result == 0)
		result = verify_once(&options, failure->row->rule, &report->ground, &again, &outcome, error);
	verify_case_release(&again);
	text_release(&messages);
	return result == 0 && outcome.state == failure->row->outcome.state;
}

static int write_failure(const struct arguments *arguments, const struct verify_report *report, struct failure *failure,
			 struct error *error)
{
	const struct verify_row *row = failure->row;
	const struct verify_remark remark = {.spec = arguments->verify.spec,
					     .file = arguments->script,
					     .rule = row->rule,
					     .outcome = &failure->shrunk.outcome,
					     .seed = row->seed,
					     .repeats = failure->shrunk.repeats,
					     .minimal = failure->shrunk.minimal};
	bool same = verify_case_write(&failure->shrunk.one, &remark, &failure->script);
	if (failure->script.failed)
		return error_set(error, EXIT_CODE_IO, "no memory for a script");
	failure->sayable = same && shows(arguments, report, failure, error);
	return file_write_whole(arguments->script, failure->script.bytes, failure->script.length, error);
}

#define SHRINK_SECONDS 25.0

/* The first rule that is broken by calls. */
static int cut_down(const struct arguments *arguments, const struct verify_report *report, struct failure *failure,
		    struct error *error)
{
	for (size_t i = 0; i < report->row_count; i++) {
		const struct verify_row *row = &report->rows[i];
		struct verify_ground ground = report->ground;
		struct verify_case broken;
		if (!is_broken(row))
			continue;
		ground.seed = row->seed;
		ground.given = row->given;
		verify_make(row->rule, row->outcome.part, &ground, &broken);
		bool calls = broken.count > 0 && !broken.failed;
		int result = 0;
		if (calls) {
			failure->row = row;
			result = verify_shrink(&arguments->verify, row->rule, &ground, &broken, &row->outcome,
					       SHRINK_SECONDS, &failure->shrunk, error);
			verify_outcome_tell_crash(&failure->shrunk.outcome);
		}
		verify_case_release(&broken);
		if (calls)
			return result < 0 ? -1 : write_failure(arguments, report, failure, error);
	}
	return 0;
}

static void tell_failure(const struct arguments *arguments, const struct failure *failure)
{
	const struct verify_shrunk *shrunk = &failure->shrunk;
	if (!failure->row)
		return;
	cli_say("%s: %zu of %zu calls break the rule %s: %s\n", arguments->script, shrunk->one.count, shrunk->before,
		failure->row->rule->name, shrunk->outcome.message);
	if (!shrunk->repeats)
		cli_say("  it did so once, and not again: what it does depends on more than its calls\n");
	else if (!failure->sayable)
		cli_say("  a script cannot say all of it; its comments tell what shows it\n");
	else
		cli_say("  its comments tell how to see it again, and in a debugger%s\n",
			shrunk->minimal ? "; no call can be left out" : "");
}

static void add_failure(const struct arguments *arguments, const struct failure *failure, struct json_writer *writer,
			json_t *document)
{
	if (!failure->row) {
		json_put(writer, document, "failure", json_null());
		return;
	}
	json_t *object = json_put_object(writer, document, "failure");
	json_put_text(writer, object, "rule", failure->row->rule->name);
	json_put_text(writer, object, "file", arguments->script);
	json_put_u64(writer, object, "calls", failure->shrunk.one.count);
	json_put_u64(writer, object, "calls_before", failure->shrunk.before);
	json_put_u64(writer, object, "trials", failure->shrunk.trials);
	json_put_double(writer, object, "seconds", failure->shrunk.seconds);
	json_put(writer, object, "repeats", json_boolean(failure->shrunk.repeats));
	json_put(writer, object, "minimal", json_boolean(failure->shrunk.minimal));
	json_put(writer, object, "script_shows_it", json_boolean(failure->sayable));
}

static int write_json(const struct arguments *arguments, const struct verify_report *report, const struct failure *failure,
		      struct error *error)
{
	struct json_writer writer = {0};
	struct text json = {0};
	json_prepare();
	json_t *document = json_object();
	json_put_text(&writer, document, "schema", "iovabench.verify/1");
	json_put_text(&writer, document, "spec", arguments->verify.spec);
	json_put_text(&writer, document, "promise", verify_promise_names[report->promise]);
	json_put_u64(&writer, document, "seed", arguments->verify.seed);
	json_put_u64(&writer, document, "held", report->held);
	json_put_u64(&writer, document, "broken", report->broken);
	json_put_u64(&writer, document, "not_applicable", report->not_applicable);
	json_put_u64(&writer, document, "spaces_refused", report->refused);
	json_put_u64(&writer, document, "calls", report->calls);
	json_put_u64(&writer, document, "hunt_seeds", report->seeds);
	json_put_double(&writer, document, "seconds", report->seconds);
	json_t *rules = json_put_array(&writer, document, "rules");
	for (size_t i = 0; i < report->row_count; i++) {
		const struct verify_row *row = &report->rows[i];
		json_t *object = json_append_object(&writer, rules);
		json_put_text(&writer, object, "name", row->rule->name);
		json_put_text(&writer, object, "sentence", row->rule->sentence);
		json_put_text(&writer, object, "state", state_name(row));
		json_put_text(&writer, object, "message", is_broken(row) ? row->outcome.message : NULL);
		json_put_u64(&writer, object, "calls", row->outcome.calls);
		json_put_double(&writer, object, "seconds", row->seconds);
	}
	add_failure(arguments, failure, &writer, document);
	int result = json_finish(&writer, document, true, "the table of rules", &json, error);
	if (result == 0 && strcmp(arguments->json, "-") == 0)
		fputs(json.bytes, stdout);
	else if (result == 0)
		result = file_write_whole(arguments->json, json.bytes, json.length, error);
	text_release(&json);
	return result;
}

/* Whoever debugs wants no other process. */
static int play_here(const struct arguments *arguments, struct error *error)
{
	struct verify_mail mail = {0};
	struct verify_subject subject;
	struct verify_ground ground = {.seed = arguments->verify.seed,
				       .given = arguments->verify.given_count ? arguments->given : NULL};
	const char *reason;
	if (!arguments->only)
		return error_set(error, EXIT_CODE_USAGE, "--here takes a rule: --rule NAME");
	if (verify_subject_open(arguments->verify.spec, &subject, error) < 0)
		return -1;
	if (arguments->verify.promise != VERIFY_PROMISE_OWN)
		subject.promise = arguments->verify.promise;
	if (!verify_ground_find(&subject, &ground, &reason)) {
		error_set(error, EXIT_CODE_NO_ARM, "%s", reason);
	} else {
		verify_play(arguments->only, &subject, &ground, &mail);
		if (mail.state == VERIFY_BROKEN)
			error_set(error, EXIT_CODE_VIOLATION, "call %llu of case %llu: %s", (unsigned long long)mail.op,
				  (unsigned long long)mail.part, mail.message);
	}
	verify_subject_close(&subject);
	return error->exit_code == EXIT_CODE_OK ? 0 : -1;
}

static int verify(struct arguments *arguments, struct error *error)
{
	struct verify_report report = {0};
	struct failure failure = {0};
	struct sigaction action = {.sa_handler = interrupt}, before;
	sigaction(SIGINT, &action, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int result = verify_all(&arguments->verify, arguments->only, &report, &interrupted, error);
	if (result == 0 && !(arguments->json && strcmp(arguments->json, "-") == 0) && (!arguments->quiet || report.broken))
		show_table(arguments, &report);
	if (result == 0 && report.broken && !arguments->no_shrink && !interrupted)
		result = cut_down(arguments, &report, &failure, error);
	if (result == 0)
		tell_failure(arguments, &failure);
	if (result == 0 && arguments->json)
		result = write_json(arguments, &report, &failure, error);
	sigaction(SIGINT, &before, NULL);
	if (result == 0 && interrupted)
		error->exit_code = EXIT_CODE_INTERRUPTED;
	else if (result == 0 && report.broken)
		error->exit_code = EXIT_CODE_VIOLATION;
	verify_shrunk_release(&failure.shrunk);
	text_release(&failure.script);
	verify_report_release(&report);
	return result;
}

static int unknown_rule(const char *name)
{
	const char *names[64] = {NULL};
	for (size_t i = 0; i < verify_rule_count && i < 63; i++)
		names[i] = verify_rules[i].name;
	const char *nearest = text_nearest(name, names);
	cli_say("iovabench verify: there is no rule '%s'%s%s%s; iovabench list rules shows them\n", name,
		nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
	return EXIT_CODE_USAGE;
}

static void defaults(struct arguments *arguments)
{
	*arguments = (struct arguments){.verify = {.promise = VERIFY_PROMISE_OWN, .seed = 1},
					.stall_seconds = 5,
					.memory_mib = 1024,
					.ops = 250000,
					.script = "failure.yaml"};
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
	struct arguments arguments;
	struct cli_given given;
	struct error error = {0};
	defaults(&arguments);
	int code = cli_read(command, argc, argv, (void *[]){&arguments, NULL}, &given);
	if (code >= 0)
		return code;
	if (given.first == argc)
		return cli_usage(command, "an allocator is missing: a name, or the path of a plugin");
	arguments.verify.spec = argv[given.first];
	if (allocator_spec_check(arguments.verify.spec, &error) < 0) {
		cli_say("iovabench verify: %s\n", error.message);
		return (int)error.exit_code;
	}
	if (!cli_one_standard_input(command, (const char *const *)argv + given.first + 1, (size_t)(argc - given.first - 1)))
		return EXIT_CODE_USAGE;
	arguments.only = arguments.rule ? verify_rule_find(arguments.rule) : NULL;
	if (arguments.rule && !arguments.only)
		return unknown_rule(arguments.rule);
	arguments.verify.hunt_seconds = 60.0 * arguments.minutes;
	arguments.verify.limits = (struct verify_limits){.stall_seconds = arguments.stall_seconds,
							 .memory_bytes = (uint64_t)arguments.memory_mib << 20};
	size_t workloads = (size_t)(argc - given.first - 1);
	if (read_workloads(&arguments, argv + given.first + 1, workloads, &error) == 0) {
		if (arguments.here)
			play_here(&arguments, &error);
		else
			verify(&arguments, &error);
	}
	for (size_t i = 0; i < arguments.verify.given_count; i++)
		verify_case_release(&arguments.given[i]);
	memory_release(arguments.given);
	if (*error.message)
		cli_say("iovabench verify: %s\n", error.message);
	return (int)error.exit_code;
}

/* What an audit sees; what breaks several of them is told by the first. */
static const char *const audited[] = {"constraints", "invariant", "statistics", "visit"};

/* Returns whether the operations of the workload break the rule; then they are cut down. */
static bool shrink_under(const struct arguments *arguments, const struct verify_rule *rule, struct failure *failure,
			 struct verify_row *row, struct error *error)
{
	struct verify_report report = {0};
	*row = (struct verify_row){.rule = rule, .given = arguments->given, .seed = arguments->verify.seed};
	report.ground.given = arguments->given;
	if (verify_once(&arguments->verify, rule, &report.ground, arguments->given, &row->outcome, error) < 0 ||
	    !is_broken(row))
		return false;
	failure->row = row;
	if (verify_shrink(&arguments->verify, rule, &report.ground, arguments->given, &row->outcome, SHRINK_SECONDS,
			  &failure->shrunk, error) == 0)
		write_failure(arguments, &report, failure, error);
	return true;
}

int cli_shrink(const char *spec, const char *file, const struct plan_changes *changes, const char *script)
{
	struct arguments arguments;
	struct verify_case given = {0};
	struct failure failure = {0};
	struct verify_row row;
	struct text messages = {0};
	struct error error = {0};
	bool found = false;
	defaults(&arguments);
	arguments.verify.spec = spec;
	arguments.verify.limits = (struct verify_limits){.stall_seconds = arguments.stall_seconds,
							 .memory_bytes = (uint64_t)arguments.memory_mib << 20};
	arguments.script = script;
	arguments.given = &given;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (read_case(file, NULL, 0, changes, UINT64_MAX, &given, &messages, &error) == 0)
		for (size_t i = 0; i < sizeof audited / sizeof audited[0] && !found && error.exit_code == EXIT_CODE_OK; i++)
			found = shrink_under(&arguments, verify_rule_find(audited[i]), &failure, &row, &error);
	if (found && error.exit_code == EXIT_CODE_OK)
		tell_failure(&arguments, &failure);
	else if (error.exit_code == EXIT_CODE_OK)
		cli_say("iovabench run --shrink: %s on %s: what broke it there does not break it with the calls of its first "
			"domain alone\n",
			spec, file);
	if (*error.message)
		cli_say("iovabench run --shrink: %s\n", error.message);
	verify_case_release(&given);
	verify_shrunk_release(&failure.shrunk);
	text_release(&failure.script);
	text_release(&messages);
	return (int)error.exit_code;
}

const struct cli_command cli_verify = {
	.name = "verify",
	.about = "hold an allocator against the rules of the contract",
	.usage = (const char *const[]){"SPEC [WORKLOAD...] [OPTION]...", NULL},
	.text = "Plays every rule of the allocator contract on a built-in, a layer or a plugin, each in a process of its own "
		"with limits of time and memory, and shows which are held, broken or do not apply. The calls of workloads are "
		"played beside random ones. A space that the allocator refuses with a reason breaks nothing, and is counted. "
		"What breaks the first rule is cut down to calls none of which can be left out, and written as a workload "
		"with a script. Exit code 3: some rule is broken; 6: no space is managed.\n\n"
		"  iovabench verify ./mine.so\n"
		"  iovabench verify ./mine.so:fit=best gpu-paging --minutes 5\n"
		"  iovabench verify ./mine.so failure.yaml          plays the script of an earlier failure again\n",
	.tables = {{rows, sizeof rows / sizeof rows[0], NULL}},
	.names = offer_names,
	.run = run_command,
};
