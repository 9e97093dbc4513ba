/* SPDX-License-Identifier: MIT
 * Machines on which rounds ran. */
#include "result/node.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool result_node_same_class(const struct result_node *a, const struct result_node *b)
{
	return same_text(a->cpu, b->cpu) && a->cpus == b->cpus && same_text(a->microcode, b->microcode) &&
	       same_text(a->kernel, b->kernel) && same_text(a->build, b->build) && a->memory_bytes == b->memory_bytes &&
	       a->numa_nodes == b->numa_nodes;
}

const struct result_node *result_arm_node(const struct result *result, const struct result_arm *arm)
{
	size_t node = result->source_count ? result->sources[arm->source].node : 0;
	assert(node < result->node_count);
	return &result->nodes[node];
}

const char *result_arm_run(const struct result *result, const struct result_arm *arm)
{
	return result->source_count ? result->sources[arm->source].id : result->run.id;
}

static char *build_text(const struct result *result)
{
	struct text text = {0};
	text_add(&text, "%s, %s, %s, %s", result->build.version, result->build.git, result->build.compiler,
		 result->build.flags);
	char *build = text.failed ? NULL : memory_text(text.bytes);
	text_release(&text);
	return build;
}

int result_node_describe(const struct result *result, struct result_node *node)
{
	node->cpu = memory_text(result->machine.cpu);
	node->kernel = memory_text(result->machine.kernel);
	node->build = build_text(result);
	node->cpus = result->machine.cpus;
	return node->cpu && node->kernel && node->build ? 0 : -1;
}

static uint64_t hash_model(const char *cpu, uint32_t cpus)
{
	return hash_bytes(hash_bytes(HASH_START, cpu, strlen(cpu) + 1), &cpus, sizeof cpus);
}

static int guess_node(struct result *result, const char *cpu, const char *kernel, size_t *index)
{
	uint64_t id = hash_model(cpu, result->machine.cpus);
	for (*index = 0; *index < result->node_count; (*index)++)
		if (result->nodes[*index].id == id && same_text(result->nodes[*index].kernel, kernel))
			return 0;
	struct result_node *node = &result->nodes[result->node_count++];
	*node = (struct result_node){.id = id,
				     .cpu = memory_text(cpu),
				     .kernel = memory_text(kernel),
				     .build = build_text(result),
				     .cpus = result->machine.cpus};
	return node->cpu && node->kernel && node->build ? 0 : -1;
}

int result_guess_nodes(struct result *result)
{
	assert(!result->nodes);
	size_t whole;
	result->nodes = memory_zeroed(result->source_count ? result->source_count : 1, sizeof result->nodes[0]);
	if (!result->nodes)
		return -1;
	if (!result->source_count)
		return guess_node(result, result->machine.cpu, result->machine.kernel, &whole);
	for (size_t i = 0; i < result->source_count; i++) {
		struct result_source *source = &result->sources[i];
		if (guess_node(result, source->cpu, source->kernel, &source->node) < 0)
			return -1;
	}
	return 0;
}

void result_node_release(struct result_node *node)
{
	memory_release(node->cpu);
	memory_release(node->kernel);
	memory_release(node->microcode);
	memory_release(node->build);
	*node = (struct result_node){0};
}
