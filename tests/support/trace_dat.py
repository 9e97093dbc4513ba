#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A binary file of trace-cmd, version 6, after its published format (trace-cmd.dat.v6(5)), from a text of map and unmap
events: trace_dat.py TEXT OUT."""

import re
import struct
import sys

PAGE = 4096
LINE = re.compile(r"^\s*(.+)-(\d+)\s+\[(\d+)\]\s.*?(\d+)\.(\d{6}): (map|unmap): .*iova=(0x[0-9a-f]+) .*?size=(\w+)")

HEADER_PAGE = """\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;
"""
HEADER_EVENT = """# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
"""
FORMAT = """name: {name}
ID: {id}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:u64 iova;\toffset:8;\tsize:8;\tsigned:0;
\tfield:size_t size;\toffset:16;\tsize:8;\tsigned:0;

print fmt: "IOMMU: iova=0x%016llx size=%zu", REC->iova, REC->size
"""
IDS = {"map": 500, "unmap": 501}


def sized(text, width):
    data = text.encode()
    return len(data).to_bytes(width, "little") + data


def cpu_page(events):
    begin = events[0][0]
    data, before = b"", begin
    for time, pid, name, iova, size in events:
        body = struct.pack("<HBBiQQ", IDS[name], 0, 0, pid, iova, size)
        data += struct.pack("<I", (time - before) << 5 | len(body) // 4) + body
        before = time
    assert len(data) <= PAGE - 16
    return (struct.pack("<QQ", begin, len(data)) + data).ljust(PAGE, b"\0")


def main(text, out):
    cpus, tasks = {}, {}
    for line in open(text, encoding="utf-8"):
        found = LINE.match(line)
        if found:
            comm, pid, cpu, seconds, micros, name, iova, size = found.groups()
            tasks[int(pid)] = comm
            event = (int(seconds) * 10**9 + int(micros) * 1000, int(pid), name, int(iova, 16), int(size, 0))
            cpus.setdefault(int(cpu), []).append(event)
    count = max(cpus) + 1
    head = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE)
    head += b"header_page\0" + sized(HEADER_PAGE, 8) + b"header_event\0" + sized(HEADER_EVENT, 8)
    head += struct.pack("<I", 0)  # ftrace's own events
    head += struct.pack("<I", 1) + b"iommu\0" + struct.pack("<I", 2)
    for name, number in IDS.items():
        head += sized(FORMAT.format(name=name, id=number), 8)
    head += sized("", 4) + sized("", 4)  # kallsyms, printk
    head += sized("".join(f"{pid} {comm}\n" for pid, comm in tasks.items() if pid), 8)
    head += struct.pack("<I", count) + b"options  \0" + struct.pack("<H", 0) + b"flyrecord\0"
    at = (len(head) + 16 * count + PAGE - 1) // PAGE * PAGE
    pages = b""
    for cpu in range(count):
        page = cpu_page(cpus[cpu]) if cpu in cpus else b""
        head += struct.pack("<QQ", at + len(pages), len(page))
        pages += page
    with open(out, "wb") as file:
        file.write(head.ljust(at, b"\0") + pages)


main(sys.argv[1], sys.argv[2])
