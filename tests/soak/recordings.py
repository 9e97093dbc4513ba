# SPDX-License-Identifier: MIT
"""Texts of kernel recordings, as probes tell them (docs/traces.md): what was allocated is freed by the same name."""


class Recording:
    def __init__(self, random, operations):
        self.random, self.lines, self.time = random, [], 0
        domains = random.choice([1, 1, 2, 3])
        self.live = []
        self.next = 0xfffff
        for _ in range(operations):
            if self.live and random.random() < 0.45:
                domain, first, pages = self.live.pop(random.randrange(len(self.live)))
                self.line("freei", f"(free_iova_fast+0x4/0x140) dom=0x{domain:x} pfn=0x{first:x} size=0x{pages:x}")
            else:
                self.allocate(0xa0 + random.randrange(domains))
        if not self.lines:
            self.allocate(0xa0)
        self.text = "\n".join(self.lines) + "\n"

    def line(self, event, rest):
        self.time += self.random.randint(0, 50)
        self.lines.append(f" task-{self.random.randint(1, 9)} [{self.random.randrange(4):03d}] ...1. {self.time // 10}.{self.time % 10:06d}: {event}: {rest}")

    def allocate(self, domain):
        pages = self.random.choice([1, 1, 1, 2, 4, 8, 16, 33])
        limits = self.random.choice([[0xfffff], [0xfffff], [0x3ff, 0xfffff], [2**36 - 1]])
        for number, limit in enumerate(limits):
            last = number == len(limits) - 1
            self.next -= pages
            if self.next < 64:
                self.next = 0xfffff - pages
            granted = self.next if last and self.random.random() < 0.97 else 0
            self.lines_of(domain, pages, limit, granted)
            if granted:
                self.live.append((domain, granted, pages))

    def lines_of(self, domain, pages, limit, granted):
        self.line("allocret", f"(x <- alloc_iova_fast) dom=0x{domain:x} size=0x{pages:x} limit=0x{limit:x} flush=0 ret=0x{granted:x}")
