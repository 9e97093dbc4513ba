/* SPDX-License-Identifier: MIT */
#include "report/view.h"

#include "base/memory.h"
#include "report/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The group of an item. */
typedef size_t (*group_of)(const struct result *result, size_t item);

static size_t workload_of_arm(const struct result *result, size_t item)
{
	return result->arms[item].workload;
}

static size_t workload_of_expectation(const struct result *result, size_t item)
{
	return result->arms[result->expectations[item].arm].workload;
}

static size_t arm_of_comparison(const struct result *result, size_t item)
{
	return result->comparisons[item].b;
}

static int group(struct report_groups *groups, const struct result *result, size_t items, size_t count,
		 group_of group_of_item)
{
	groups->items = memory_zeroed(items + 1, sizeof groups->items[0]);
	groups->from = memory_zeroed(count + 2, sizeof groups->from[0]);
	if (!groups->items || !groups->from)
		return -1;
	/* While they are filled, the beginning of a group stands at the one behind it. */
	for (size_t i = 0; i < items; i++)
		groups->from[group_of_item(result, i) + 2]++;
	for (size_t i = 2; i < count + 2; i++)
		groups->from[i] += groups->from[i - 1];
	for (size_t i = 0; i < items; i++)
		groups->items[groups->from[group_of_item(result, i) + 1]++] = i;
	return 0;
}

struct named {
	const char *spec;
	size_t arm;
};

static int by_spec(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->spec, right->spec);
	return order ? order : (left->arm > right->arm) - (left->arm < right->arm);
}

/* The colour of an arm is first the first arm of its spec, then that one's number. */
static int color(struct report_view *view, const struct result *result)
{
	size_t count = result->arm_count;
	struct named *named = memory_zeroed(count + 1, sizeof named[0]);
	view->color = memory_zeroed(count + 1, sizeof view->color[0]);
	view->first = memory_zeroed(count + 1, sizeof view->first[0]);
	bool good = named && view->color && view->first;
	for (size_t i = 0; good && i < count; i++)
		named[i] = (struct named){result->arms[i].spec, i};
	if (good && count)
		qsort(named, count, sizeof named[0], by_spec);
	for (size_t i = 0; good && i < count; i++) {
		bool same = i && strcmp(named[i].spec, named[i - 1].spec) == 0;
		view->color[named[i].arm] = same ? view->color[named[i - 1].arm] : named[i].arm;
	}
	for (size_t i = 0; good && i < count; i++) {
		if (view->color[i] == i) {
			view->first[view->color_count] = i;
			view->color[i] = view->color_count++;
		} else {
			view->color[i] = view->color[view->color[i]];
		}
	}
	memory_release(named);
	return good ? 0 : -1;
}

static int judge(struct report_view *view)
{
	for (size_t i = 0; i < view->result->workload_count; i++)
		if (verdict_make(view, i, &view->verdicts[i]) < 0)
			return -1;
	return 0;
}

int report_view_open(struct report_view *view, const struct result *result)
{
	*view = (struct report_view){.result = result};
	view->verdicts = memory_zeroed(result->workload_count + 1, sizeof view->verdicts[0]);
	if (view->verdicts && group(&view->arms, result, result->arm_count, result->workload_count, workload_of_arm) == 0 &&
	    group(&view->expectations, result, result->expectation_count, result->workload_count,
		  workload_of_expectation) == 0 &&
	    group(&view->comparisons, result, result->comparison_count, result->arm_count, arm_of_comparison) == 0 &&
	    color(view, result) == 0 && judge(view) == 0)
		return 0;
	report_view_close(view);
	return -1;
}

void report_view_close(struct report_view *view)
{
	struct report_groups *const groups[] = {&view->arms, &view->expectations, &view->comparisons};
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		memory_release(groups[i]->items);
		memory_release(groups[i]->from);
	}
	for (size_t i = 0; view->verdicts && i < view->result->workload_count; i++)
		verdict_release(&view->verdicts[i]);
	memory_release(view->verdicts);
	memory_release(view->color);
	memory_release(view->first);
	*view = (struct report_view){0};
}

static struct report_list list(const struct report_groups *groups, size_t group)
{
	return (struct report_list){groups->items + groups->from[group], groups->from[group + 1] - groups->from[group]};
}

struct report_list report_arms(const struct report_view *view, size_t workload)
{
	assert(workload < view->result->workload_count);
	return list(&view->arms, workload);
}

struct report_list report_expectations(const struct report_view *view, size_t workload)
{
	assert(workload < view->result->workload_count);
	return list(&view->expectations, workload);
}

struct report_list report_comparisons(const struct report_view *view, size_t arm)
{
	assert(arm < view->result->arm_count);
	return list(&view->comparisons, arm);
}
