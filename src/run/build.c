/* SPDX-License-Identifier: MIT */
#include "run/build.h"

#include "base/bits.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#define PROGRAM_BYTES_MAX ((size_t)1 << 30)

/* Notes lie one behind the other, each a header, a name and what it says, filled up to four bytes. */
static bool hash_note(const unsigned char *at, size_t bytes, uint64_t *hash)
{
	ElfW(Nhdr) note;
	while (bytes >= sizeof note) {
		memcpy(&note, at, sizeof note);
		size_t name = bits_align_up(note.n_namesz, 4), content = bits_align_up(note.n_descsz, 4);
		const unsigned char *said = at + sizeof note + name;
		if (name > bytes - sizeof note || content > bytes - sizeof note - name)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
		    memcmp(at + sizeof note, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0 && note.n_descsz) {
			*hash = hash_bytes(HASH_START, said, note.n_descsz);
			return true;
		}
		at = said + content;
		bytes -= sizeof note + name + content;
	}
	return false;
}

/* The program is the first one that is told of. 1: it was found; -1: it has none. */
static int hash_id(struct dl_phdr_info *program, size_t bytes, void *hash)
{
	(void)bytes;
	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		if (segment->p_type == PT_NOTE &&
		    hash_note((const unsigned char *)program->dlpi_addr + segment->p_vaddr, segment->p_memsz, hash))
			return 1;
	}
	return -1;
}

int build_hash(uint64_t *hash, struct error *error)
{
	char *bytes;
	size_t length;
	if (dl_iterate_phdr(hash_id, hash) > 0)
		return 0;
	if (file_read("/proc/self/exe", PROGRAM_BYTES_MAX, &bytes, &length, error) < 0)
		return -1;
	*hash = hash_bytes(HASH_START, bytes, length);
	memory_release(bytes);
	return 0;
}
