/* SPDX-License-Identifier: MIT */
#include "run/steps_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int steps_file_create(uint64_t words, struct error *error)
{
	if (!words || words > STEPS_FILE_WORDS_MAX)
		return -1;
	int descriptor = memfd_create("iovabench-steps", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (descriptor >= 0 && ftruncate(descriptor, (off_t)(words * sizeof(uint32_t))) == 0 &&
	    fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return descriptor;
	error_set(error, EXIT_CODE_IO, "cannot make a memory file for steps: %s", strerror(errno));
	if (descriptor >= 0)
		close(descriptor);
	return -1;
}

uint32_t *steps_file_map(int descriptor, uint64_t words, struct error *error)
{
	if (descriptor < 0)
		return NULL;
	uint32_t *steps = mmap(NULL, (size_t)words * sizeof steps[0], PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
	if (steps != MAP_FAILED)
		return steps;
	error_set(error, EXIT_CODE_IO, "cannot map the steps of an audit: %s", strerror(errno));
	return NULL;
}

void steps_file_unmap(uint32_t *steps, uint64_t words)
{
	if (steps)
		munmap(steps, (size_t)words * sizeof steps[0]);
}
