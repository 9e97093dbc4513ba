/* SPDX-License-Identifier: MIT
 * Every invariant of the layers, broken on purpose, is named, and so is what is wrong below them. */
#include "allocator/lazy.c"
#include "allocator/magazine/state.h"
#include "support/layer_fixture.h"

static const char *always_broken(void *self)
{
	(void)self;
	return "what is below is broken";
}

static struct iova_allocator broken_below;

static void break_below(struct iova_below *below)
{
	broken_below = *below->table;
	broken_below.broken_invariant = always_broken;
	below->table = &broken_below;
}

static void is_named(const char *sentence)
{
	const char *broken = instance.table->broken_invariant(instance.self);
	assert_non_null(broken);
	assert_string_equal(broken, sentence);
}

static void what_is_wrong_with_a_queue_is_named(void **state)
{
	(void)state;
	begin("lazy:entries=3+segregated", 0, 100, 2);
	struct lazy *lazy = instance.self;
	struct iova_extent first = take(2, 0), second = take(5, 0);
	give(first, 0);
	give(second, 1);
	const struct lazy kept = *lazy;
	lazy->counts[1] = 4;
	is_named("a queue holds at most its entries");
	lazy->counts[1] = 1;
	lazy->waiting = false;
	is_named("what is queued waits for a flush");
	*lazy = kept;
	lazy->deferred_pages--;
	is_named("deferred_pages is the sum of all queues");
	*lazy = kept;
	break_below(&lazy->below);
	is_named("what is below is broken");
	*lazy = kept;
	end();
}

/* CPU 0 has a full previous magazine and one extent loaded, the depot one full magazine; CPU 1 one extent. */
static struct magazines *make_magazines(void)
{
	struct iova_extent extents[6];
	begin("magazine:rounds=2,depot=1+segregated", 0, 100, 2);
	for (size_t i = 0; i < 6; i++)
		extents[i] = take(1, 0);
	for (size_t i = 0; i < 5; i++)
		give(extents[i], 0);
	give(extents[5], 1);
	assert_null(instance.table->broken_invariant(instance.self));
	return instance.self;
}

static void what_is_wrong_with_a_hand_is_named(void **state)
{
	(void)state;
	struct pair *pair = &cpu_of(make_magazines(), 0)->pairs[0];
	const struct pair kept = *pair;
	assert_int_equal(pair->loaded.count, 1);
	assert_int_equal(pair->previous.count, 2);
	pair->loaded.room = 1;
	is_named("the room is that of the magazine");
	*pair = kept;
	pair->loaded.count = 3;
	is_named("a magazine holds at most its rounds");
	*pair = kept;
	pair->previous.count = 1;
	is_named("the previous magazine is full or empty");
	*pair = kept;
	pair->loaded = (struct hand){NULL, 0, 0};
	is_named("every magazine is in the depot or in the hands of one CPU");
	*pair = kept;
	cpu_of(instance.self, 1)->cached_pages++;
	is_named("cached pages are what went in less what came out");
	cpu_of(instance.self, 1)->cached_pages--;
	end();
}

static void what_is_wrong_with_the_depot_is_named(void **state)
{
	(void)state;
	struct magazines *self = make_magazines();
	assert_int_equal(self->depot.shelves[0].count, 1);
	self->depot.shelves[0].count = 0;
	is_named("the full magazines of a class are counted");
	self->depot.shelves[0].count = 1;
	/* The magazine stands for two in a row. */
	struct magazine *full = self->depot.shelves[0].full, *second = depot_take_empty(&self->depot);
	second->next = NULL;
	full->next = second;
	self->depot.shelves[0].count = 2;
	is_named("the depot keeps to its limit");
	full->next = NULL;
	self->depot.shelves[0].count = 1;
	is_named("every magazine is in the depot or in the hands of one CPU");
	depot_put_empty(&self->depot, second);
	self->released_pages++;
	is_named("cached pages are what went in less what came out");
	self->released_pages--;
	const struct iova_below below = self->below;
	break_below(&self->below);
	is_named("what is below is broken");
	self->below = below;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_with_a_queue_is_named),
		cmocka_unit_test(what_is_wrong_with_a_hand_is_named),
		cmocka_unit_test(what_is_wrong_with_the_depot_is_named),
	};
	return cmocka_run_group_tests_name("layer_invariants", tests, NULL, NULL);
}
