/* SPDX-License-Identifier: MIT */
#include "trace/unpack.h"

#include "base/memory.h"
#include "trace/trace_dat.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PIECE_BYTES ((size_t)1 << 17)
#define NO_TOOL 127
#define UNMARKED_BYTES 16u

struct unpacker {
	const struct packing *packing;
	struct file *file;
	char *packed; /* [PIECE_BYTES] */
	size_t begin, end;
	bool open; /* the packing has not come to an end */
	ZSTD_DStream *zstd;
	z_stream gzip;
	bool gzip_ready;
	int from;           /* what the tool prints */
	pid_t feeder, tool; /* 0: none */
};

static int damaged(struct unpacker *unpacker, const char *cause, struct error *error)
{
	return error_set(error, EXIT_CODE_USAGE, "%s: cannot unpack: %s", unpacker->file->name, cause ? cause : "damaged");
}

/* Reads more when all that was read is used up. */
static int fill(struct unpacker *unpacker, struct error *error)
{
	if (unpacker->begin < unpacker->end)
		return 0;
	unpacker->begin = 0;
	return file_take(unpacker->file, unpacker->packed, PIECE_BYTES, &unpacker->end, error);
}

static int open_zstd(struct unpacker *unpacker, const struct packing *packing, struct error *error)
{
	(void)packing;
	unpacker->zstd = ZSTD_createDStream();
	return unpacker->zstd ? 0 : error_set(error, EXIT_CODE_IO, "%s: no memory to unpack it", unpacker->file->name);
}

static int read_zstd(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error)
{
	ZSTD_outBuffer output = {.dst = to, .size = room};
	for (bool dry = false; !output.pos && !dry;) {
		if (fill(unpacker, error))
			return -1;
		ZSTD_inBuffer input = {.src = unpacker->packed, .size = unpacker->end, .pos = unpacker->begin};
		dry = unpacker->begin == unpacker->end;
		size_t left = ZSTD_decompressStream(unpacker->zstd, &output, &input);
		if (ZSTD_isError(left))
			return damaged(unpacker, ZSTD_getErrorName(left), error);
		/* Between two frames the unpacker asks for a header that need not come. */
		if (input.pos != unpacker->begin || output.pos)
			unpacker->open = left != 0;
		unpacker->begin = input.pos;
	}
	*got = output.pos;
	return 0;
}

static void close_zstd(struct unpacker *unpacker)
{
	ZSTD_freeDStream(unpacker->zstd);
}

static int open_gzip(struct unpacker *unpacker, const struct packing *packing, struct error *error)
{
	(void)packing;
	if (inflateInit2(&unpacker->gzip, 15 + 16) != Z_OK)
		return error_set(error, EXIT_CODE_IO, "%s: no memory to unpack it", unpacker->file->name);
	unpacker->gzip_ready = true;
	return 0;
}

static int read_gzip(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error)
{
	z_stream *gzip = &unpacker->gzip;
	gzip->next_out = (Bytef *)to;
	gzip->avail_out = (uInt)room;
	while (gzip->avail_out == room) {
		if (fill(unpacker, error))
			return -1;
		if (unpacker->begin == unpacker->end)
			break;
		/* A file may hold several members. */
		if (!unpacker->open && inflateReset(gzip) != Z_OK)
			return damaged(unpacker, gzip->msg, error);
		gzip->next_in = (Bytef *)unpacker->packed + unpacker->begin;
		gzip->avail_in = (uInt)(unpacker->end - unpacker->begin);
		int status = inflate(gzip, Z_NO_FLUSH);
		unpacker->begin = unpacker->end - gzip->avail_in;
		unpacker->open = status != Z_STREAM_END;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return damaged(unpacker, gzip->msg, error);
	}
	*got = room - gzip->avail_out;
	return 0;
}

static void close_gzip(struct unpacker *unpacker)
{
	if (unpacker->gzip_ready)
		inflateEnd(&unpacker->gzip);
}

/* The process that hands the file to the tool, so that a pipe, of which the beginning was read, can be unpacked too. */
static void feed(struct unpacker *unpacker, int to)
{
	struct error error = {0};
	do {
		for (size_t at = unpacker->begin; at < unpacker->end;) {
			ssize_t written = write(to, unpacker->packed + at, unpacker->end - at);
			if (written < 0 && errno != EINTR)
				_exit(1);
			at += written > 0 ? (size_t)written : 0;
		}
		unpacker->begin = unpacker->end;
	} while (fill(unpacker, &error) == 0 && unpacker->end);
	_exit(0);
}

static int start_tool(struct unpacker *unpacker, const struct packing *packing, int in[2], int out[2])
{
	unpacker->feeder = fork();
	if (unpacker->feeder == 0) {
		close(in[0]);
		close(out[0]);
		close(out[1]);
		feed(unpacker, in[1]);
	}
	if (unpacker->feeder < 0)
		return unpacker->feeder = 0, -1;
	posix_spawn_file_actions_t actions;
	const char *const argv[] = {packing->tool, "-dc", NULL};
	if (posix_spawn_file_actions_init(&actions))
		return -1;
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int failure = posix_spawnp(&unpacker->tool, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure)
		unpacker->tool = 0;
	return failure ? -1 : 0;
}

static int open_tool(struct unpacker *unpacker, const struct packing *packing, struct error *error)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	int result = pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ? -1 : start_tool(unpacker, packing, in, out);
	unpacker->from = out[0];
	if (in[0] >= 0) {
		close(in[0]);
		close(in[1]);
	}
	if (out[1] >= 0)
		close(out[1]);
	if (result)
		return error_set(error, EXIT_CODE_USAGE, "%s: %s; or install %s, whose %s unpacks it", unpacker->file->name,
				 packing->advice, packing->package, packing->tool);
	return 0;
}

/* Returns the exit code of a child, or -1: it was ended. */
static int wait_for(pid_t *child)
{
	int status = 0;
	if (!*child)
		return 0;
	pid_t waited;
	do
		waited = waitpid(*child, &status, 0);
	while (waited < 0 && errno == EINTR);
	*child = 0;
	return waited > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_trace_dat(struct unpacker *unpacker, const struct packing *packing, struct error *error);

static int read_tool(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error)
{
	ssize_t length;
	do
		length = read(unpacker->from, to, room);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return damaged(unpacker, strerror(errno), error);
	*got = (size_t)length;
	unpacker->open = length > 0;
	if (length)
		return 0;
	int code = wait_for(&unpacker->tool);
	if (code == NO_TOOL)
		return error_set(error, EXIT_CODE_USAGE, "%s: %s; or install %s, whose %s unpacks it", unpacker->file->name,
				 unpacker->packing->advice, unpacker->packing->package, unpacker->packing->tool);
	if (code && unpacker->packing->open == open_trace_dat)
		return error_set(error, EXIT_CODE_USAGE,
				 "%s: libtracecmd cannot read it: damaged, cut off, or with instances; %s",
				 unpacker->file->name, unpacker->packing->advice);
	if (code)
		return error_set(error, EXIT_CODE_USAGE, "%s: cannot unpack: '%s -dc' fails: damaged or cut off",
				 unpacker->file->name, unpacker->packing->tool);
	return 0;
}

static void close_tool(struct unpacker *unpacker)
{
	if (unpacker->from >= 0)
		close(unpacker->from);
	/* Of a file that is not read to its end. */
	if (unpacker->feeder)
		kill(unpacker->feeder, SIGKILL);
	if (unpacker->tool)
		kill(unpacker->tool, SIGKILL);
	wait_for(&unpacker->feeder);
	wait_for(&unpacker->tool);
}

/* A binary file of trace-cmd, of which a child of ours makes text: what its library does with a damaged file is the child's
 * end alone. */
static int open_trace_dat(struct unpacker *unpacker, const struct packing *packing, struct error *error)
{
	int out[2];
	bool whole = lseek(unpacker->file->descriptor, 0, SEEK_SET) == 0;
	if (!trace_dat_is_readable() || !whole || pipe2(out, O_CLOEXEC))
		return error_set(error, EXIT_CODE_USAGE, "%s: %s", unpacker->file->name, packing->advice);
	unpacker->from = out[0];
	unpacker->tool = fork();
	if (unpacker->tool == 0) {
		const struct rlimit none = {0};
		int silent = open("/dev/null", O_WRONLY);
		setrlimit(RLIMIT_CORE, &none);
		if (silent >= 0)
			dup2(silent, STDERR_FILENO);
		_exit(trace_dat_print(unpacker->file->descriptor, out[1]));
	}
	close(out[1]);
	if (unpacker->tool > 0)
		return 0;
	unpacker->tool = 0;
	return error_set(error, EXIT_CODE_USAGE, "%s: %s", unpacker->file->name, packing->advice);
}

#define TOOL(program, of) .open = open_tool, .read = read_tool, .close = close_tool, .tool = program, .package = of

static const struct packing packings[] = {
	{"\x28\xb5\x2f\xfd", 4, .open = open_zstd, .read = read_zstd, .close = close_zstd},
	{"\x1f\x8b", 2, .open = open_gzip, .read = read_gzip, .close = close_gzip},
	{"\xfd"
	 "7zXZ",
	 5, TOOL("xz", "xz-utils"), .advice = "packed with xz: import what 'xzcat FILE' prints"},
	{"BZh", 3, TOOL("bzip2", "bzip2"), .advice = "packed with bzip2: import what 'bzcat FILE' prints"},
	{"\x04\x22\x4d\x18", 4, TOOL("lz4", "lz4"), .advice = "packed with lz4: import what 'lz4cat FILE' prints"},
	{"\x17\x08\x44tracing", 10, .open = open_trace_dat, .read = read_tool, .close = close_tool, .tool = "libtracecmd",
	 .advice = "a binary file of trace-cmd: import what 'trace-cmd report -i FILE' prints"},
	{"PERFILE2", 8, .advice = "a binary file of perf: import what 'perf script -i FILE' prints"},
	{"PK\3\4", 4, .advice = "packed with zip: import what 'unzip -p FILE' prints"},
	{"\xff\xfe\0\0", 4, .advice = "text in UTF-32: import what 'iconv -f UTF-32 -t UTF-8 FILE' prints"},
	{"\xff\xfe", 2, .advice = "text in UTF-16: import what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
	{"\xfe\xff", 2, .advice = "text in UTF-16: import what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
	{"ustar", 5, .at = 257, .advice = "a tar archive: import what 'tar xOf FILE NAME' prints of one of its files"},
	{"7z\xbc\xaf\x27\x1c", 6, .advice = "packed with 7-Zip: import what '7z x -so FILE' prints"},
	{"\x5d\0\0", 3, .advice = "packed with lzma: import what 'xz -dc --format=lzma FILE' prints"},
	{"= Start\n", 8, .advice = "a trace of mtrace: it tells of malloc, not of a kernel's addresses"},
	{"{\n\t\"linux-perf-json", 19, .advice = "JSON of perf: import what 'perf script -i FILE' prints"},
	{"{\"", 2, .advice = "JSON: import lines, of a journal what 'journalctl -k -o short-monotonic' prints"},
	{"\x89IOVA\r\n\x1a", 8, .advice = "a compact recording already"},
};

/* As those of plain letters in UTF-16 without a mark are: every second byte, from odd on. */
static bool zeros_alternate(const char *text, size_t length, size_t odd)
{
	if (length < UNMARKED_BYTES)
		return false;
	for (size_t i = 0; i < UNMARKED_BYTES; i++)
		if ((text[i] == '\0') != (i % 2 == odd))
			return false;
	return true;
}

const struct packing *packing_find(const void *bytes, size_t length)
{
	static const struct packing unmarked[] = {
		{.advice = "text in UTF-16: import what 'iconv -f UTF-16LE -t UTF-8 FILE' prints"},
		{.advice = "text in UTF-16: import what 'iconv -f UTF-16BE -t UTF-8 FILE' prints"},
	};
	const char *text = bytes;
	for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
		const struct packing *packing = &packings[i];
		if (length >= packing->at + packing->length &&
		    memcmp(text + packing->at, packing->magic, packing->length) == 0)
			return packing;
	}
	return zeros_alternate(text, length, 1) ? &unmarked[0] : zeros_alternate(text, length, 0) ? &unmarked[1] : NULL;
}

struct unpacker *unpacker_open(const struct packing *packing, struct file *file, const void *bytes, size_t length,
			       struct error *error)
{
	assert(length <= PIECE_BYTES);
	if (!packing->open) {
		error_set(error, EXIT_CODE_USAGE, "%s: %s", file->name, packing->advice);
		return NULL;
	}
	struct unpacker *unpacker = memory_zeroed(1, sizeof *unpacker);
	char *packed = memory_resize(NULL, PIECE_BYTES, 1);
	if (!unpacker || !packed) {
		memory_release(packed);
		memory_release(unpacker);
		error_set(error, EXIT_CODE_IO, "%s: no memory to unpack it", file->name);
		return NULL;
	}
	*unpacker = (struct unpacker){
		.packing = packing, .file = file, .packed = packed, .end = length, .open = true, .from = -1};
	memcpy(packed, bytes, length);
	if (packing->open(unpacker, packing, error) == 0)
		return unpacker;
	unpacker_close(unpacker);
	return NULL;
}

int unpacker_read(struct unpacker *unpacker, char *to, size_t room, size_t *got, struct error *error)
{
	assert(room);
	*got = 0;
	if (unpacker->packing->read(unpacker, to, room, got, error))
		return -1;
	if (*got == 0 && unpacker->open)
		return error_set(error, EXIT_CODE_USAGE, "%s: the packed file is cut off", unpacker->file->name);
	return 0;
}

void unpacker_close(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	unpacker->packing->close(unpacker);
	memory_release(unpacker->packed);
	memory_release(unpacker);
}
