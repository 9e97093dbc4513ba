# SPDX-License-Identifier: MIT
"""Scripts: slots, repeats, and routines of the driver interface that are called rightly and wrongly."""

GIVES_TWO = {"DxgkCbAllocatePagesForMdl", "DxgkCbCreatePhysicalMemoryObject"}


class Script:
    """Of all phases of one workload: slots and objects are shared."""

    def __init__(self, generator):
        self.g, self.random = generator, generator.random
        self.slots = {}    # name to length, 0: plain
        self.live = set()  # (name, index)
        self.objects = []  # filled by a call so far

    def phase(self, phase):
        phase["script"] = self.operations(self.random.randint(1, 6), [], 1)
        self.g.something_lives = True

    __call__ = phase

    def cleared(self):
        """free: all."""
        self.live.clear()

    def operations(self, wanted, above, times):
        """above: slots that each script around this one has allocated so far. What is repeated gives back what it took, and nothing else."""
        entries, own = [], set() if above or times > 1 else self.live
        for _ in range(wanted):
            draw = self.random.random()
            if draw < 0.2 and len(above) < 7 and times < 100:
                repeat = self.random.choice([1, 2, 3, 10])
                inner = self.operations(self.random.randint(1, 3), [*above, own], times * repeat)
                entries.append({"repeat": self.g.count(repeat), "script": inner})
            elif self.g.kind == "driver" and draw < 0.6 or self.g.identity and draw < 0.9:
                entries.append(self.call())
            else:
                entries += self.slot_operations(own, self.live.union(*above, own), times)
        if above:
            entries += [{"free": self.spelled(name, index)} for name, index in sorted(own)]
        return entries or self.something(above)

    def something(self, above):
        """A script has at least one operation."""
        name = f"only{len(self.slots)}"
        self.slots[name] = 0
        made = [{"alloc": name, "request": self.g.requests.list[0]["name"]}]
        if not above:
            self.live.add((name, 0))
            return made
        return [*made, {"free": name}]

    def spelled(self, name, index):
        return f"{name}[{index}]" if self.slots[name] else name

    def range(self, name, length):
        """Some slots of an array: as they are written, and their indices in order."""
        if not length:
            return name, [0]
        first, last = sorted(self.random.randrange(length) for _ in range(2))
        draw = self.random.random()
        if draw < 0.2:
            return f"{name}[{first}]", [first]
        if draw < 0.5:
            return f"{name}[0..{length - 1}]", range(length)
        if draw < 0.7:
            return f"{name}[{first}..{last}]", range(first, last + 1)
        step = self.random.randint(1, length)
        if draw < 0.85:
            return f"{name}[{first}..{last}..{step}]", range(first, last + 1, step)
        return f"{name}[{last}..{first}..-{step}]", range(last, first - 1, -step)

    def chosen(self, name, right):
        """Slots of an array of which each one is right, or None."""
        for _ in range(6):
            written, indices = self.range(name, self.slots[name])
            if all(right((name, index)) for index in indices):
                return written, {(name, index) for index in indices}
        return None

    def slot_operations(self, own, live, times):
        if not self.slots or self.g.chance(0.3):
            length = self.random.choice([0, 1, 10, 100])
            length = max(1, min(length, self.g.budget.left // max(1, 2 * times))) if length else 0
            self.slots[self.random.choice(["s", "Ring", "a_b", "x-1"]) + str(len(self.slots))] = length
        entries = []
        name = self.random.choice(list(self.slots))
        found = self.chosen(name, lambda slot: slot not in live)
        if found:
            request = self.random.choice(self.g.requests.list)
            entries.append({"alloc": found[0], "request": request["name"]})
            if self.g.chance(0.2):
                entries[0]["size"] = self.g.pages(self.random.randint(1, self.g.requests.sizes[request["name"]][1]))
            own |= found[1]
            self.g.budget.take(2 * len(found[1]) * times)
        for _ in range(self.random.choice([0, 1, 1, 2])):
            found = self.chosen(self.random.choice(sorted({slot[0] for slot in own})), own.__contains__) if own else None
            if found:
                entries.append({"free": found[0]})
                own -= found[1]
        return entries

    # Routines.

    def call(self):
        routine = self.random.choice(sorted(self.g.tables.calls.routines))
        takes = self.g.tables.calls.routines[routine]
        if takes.get("of") and not self.objects:
            routine = self.random.choice(["DxgkCbAllocatePagesForMdl", "DxgkCbCreatePhysicalMemoryObject", "DxgkCbAllocateContiguousMemory"])
            takes = self.g.tables.calls.routines[routine]
        call = {"call": routine}
        if self.g.adapters and self.g.chance(0.5):
            call["adapter"] = self.random.choice(self.g.adapters)["name"]
        # What this call fills is not there yet for its own operands.
        for key, required in sorted(takes.items(), key=lambda item: item[0] == "into"):
            if required or key in ("into", "status", "violation") or self.g.chance(0.35):
                call[key] = self.argument(routine, key)
        self.g.budget.take(1)
        return self.g.shuffled(call) if self.g.chance(0.2) else call

    def object(self):
        name = f"o{self.random.randrange(12)}"
        if name not in self.objects:
            self.objects.append(name)
        return name

    def one(self):
        return self.random.choice(self.objects) if self.objects and self.g.chance(0.93) else self.random.choice(["0", "0x123", "4096 B"])

    def argument(self, routine, key):
        g, random = self.g, self.random
        some = random.choice([0, 1, 100, g.page, g.page * random.randint(1, 40), random.randrange(g.end) * g.page])
        if key == "into":
            two = routine in GIVES_TWO and g.chance(0.8)
            return [self.object(), self.object()] if two else self.object()
        if key == "of":
            two = routine == "DxgkCbDestroyPhysicalMemoryObject" and g.chance(0.6)
            return [self.one(), self.one()] if two else self.one()
        if key == "status":
            return "any" if g.chance(0.9) else "STATUS_SUCCESS"
        if key == "violation":
            return "any" if g.chance(0.9) else "none"
        if key == "size":
            return g.bytes(random.choice([g.page, g.page * random.randint(1, 40), some]), pages_allowed=False)
        if key in ("open", "io_space", "user"):
            return g.flag()
        if key == "node":
            return random.choice([0, 5, 63])
        if key == "flags":
            if "MAP_RESERVED" in routine:
                return random.choice([["READ"], ["READ", "WRITE"], "0x3", "0x80"])
            return g.requests.flags()
        if key == "type":
            return random.choice(["mdl", "contiguous", "section", "io_space"])
        if key == "contiguous":
            return random.choice(["require", "prefer", "no"])
        if key in ("cache", "irql"):
            return g.word(f"phases.script.{key}")
        return g.bytes(some, pages_allowed=False)  # addresses, limits, offsets
