# SPDX-License-Identifier: MIT
"""Random valid workloads: small ones, of hundreds to thousands of operations. What a value must be, the rules of docs/workload-format.md
say; words and ranges come from 'iovabench list keys'."""
from recordings import Recording
from kinds import Requests
from scripts import Script

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
OPERATIONS = 4000  # about as many as a workload may have


class Budget:
    def __init__(self, operations):
        self.left = operations

    def take(self, wanted):
        taken = max(1, min(wanted, self.left))
        self.left = max(0, self.left - taken)
        return taken


class Generator:
    """One workload. random: a random.Random. tree and recordings (file name to text) are the result."""

    def __init__(self, random, tables, name):
        self.random, self.tables, self.keys = random, tables, tables.keys
        self.tree = {"iovabench": 1, "name": name}
        self.recordings = {}
        self.budget = Budget(random.choice([40, 400, OPERATIONS, OPERATIONS]))
        self.workload()

    # Numbers and their spellings.

    def chance(self, share):
        return self.random.random() < share

    def word(self, key):
        return self.random.choice(self.keys.words(key))

    def number(self, key):
        low, high = self.keys.range(key)
        value = self.random.choice([low, high, 1, self.random.uniform(low, min(high, low + 3)), 0.5])
        return f"{min(max(value, low), high):.4f}".rstrip("0").rstrip(".")

    def skewed(self, low, high):
        """From low to high, small ones more often, the ends often enough."""
        if low >= high:
            return low
        draw = self.random.random()
        if draw < 0.1:
            return low
        if draw < 0.15:
            return high
        return min(high, low + int((high - low + 1) ** self.random.random()) - 1)

    def population(self):
        """Extents that a fill adds."""
        return self.skewed(1, 1500) if self.chance(0.5) else self.random.randint(20, 500)

    def bytes(self, value, pages_allowed=True):
        """One of the ways to write a size."""
        ways = [f"0x{value:x}", f"0x{value:X}", f"{value} B"]
        if value == 0:
            return self.random.choice(["0", "0 B", "0x0"])
        if pages_allowed and value % self.page == 0:
            ways += [f"{value // self.page} pages"] * 2
        ways += [f"{value // unit}{space}{name}" for unit, name in ((KIB, "KiB"), (MIB, "MiB"), (GIB, "GiB"), (TIB, "TiB"))
                 for space in ("", " ") if value % unit == 0]
        return self.random.choice(ways)

    def pages(self, count):
        return self.bytes(count * self.page)

    def count(self, value):
        ways = [str(value)] * 2
        ways += [f"{value // unit}{name}" for unit, name in ((1000, "k"), (10**6, "M"), (10**9, "G")) if value and value % unit == 0]
        return self.random.choice(ways)

    def share(self, value):
        """value in 0 to 1."""
        return f"{value * 100:.9f}".rstrip("0").rstrip(".") + "%"

    def flag(self, value=None):
        value = self.chance(0.5) if value is None else value
        return value

    def some(self, items):
        """All, or a few of them: what a workload does again and again shows more than a little of everything does."""
        return items if self.chance(0.4) else self.random.sample(items, self.random.randint(1, len(items)))

    # The parts of a file.

    def workload(self):
        tree, random = self.tree, self.random
        if self.chance(0.2):
            tree["about"] = random.choice(["a workload", "quotes \" and, commas: here", "ü # no comment", "=1+1"])
        if self.chance(0.1):
            tree["source"] = "invented"
        self.kind = random.choices(["extent", "driver", "recording", "adversary"], [70, 20, 7, 3])[0]
        self.space()
        self.cpus, self.pace, self.away = 1, 10**6, set()
        if self.chance(0.3):
            self.cpus = random.choice([1, 2, 3, 4, 16, 128, 4096])
            tree["cpus"] = self.count(self.cpus)
        if self.chance(0.3):
            tree["pace"] = random.choice(["1/s", "1000/s", "1k/s", "1M/s", "100M/s", "1G/s"])
            self.pace = {"1/s": 1, "1000/s": 1000, "1k/s": 1000}.get(tree["pace"], 10**6)
        if self.chance(0.7):
            tree["seed"] = random.choice(["0", "1", "0xC0FFEE", str(random.getrandbits(64)), hex(random.getrandbits(64)), str(2**64 - 1)])
        self.requests = Requests(self)
        tree["requests"] = self.requests.list
        self.phases()
        self.expectations()
        if self.chance(0.2):
            self.sweeps()
        if self.chance(0.1):
            # Small: every sample of a latency walks it.
            sizes = {"data": random.choice([0, 64, 512, 4096]), "code": random.choice([0, 1, 512, 4096])}
            tree["interference"] = {key: self.bytes(sizes[key], pages_allowed=False) for key in self.some(list(sizes))}
            if self.chance(0.3):
                tree["interference"]["pairs"] = self.count(random.choice([0, 1, 100, 2000]))
        if self.chance(0.1):
            # Sets are a power of two; every page is touched only where extents are short.
            ways = random.choice([1, 2, 3, 4, 1024])
            tree["iotlb"] = {"entries": self.count(ways * random.choice([1, 2, 64])), "ways": self.count(ways)}
            if self.chance(0.7):
                tree["iotlb"]["walk"] = {key: self.count(random.choice([0, 1, 8, 256])) for key in self.some(["l2", "l3"])}
            tree["touch"] = random.choice(["first", "random"] + (["all"] if self.usable <= 4096 else []))
        if self.chance(0.15):
            self.tree = self.shuffled(tree)

    def shuffled(self, tree):
        """Keys in another order mean the same."""
        if isinstance(tree, dict):
            items = [(key, self.shuffled(value)) for key, value in tree.items()]
            self.random.shuffle(items)
            return dict(items)
        if isinstance(tree, list):
            return [self.shuffled(value) for value in tree]
        return tree

    def space(self):
        random, space = self.random, {}
        self.page = 4096
        self.identity = self.kind == "driver" and self.chance(0.25)
        wide = self.kind == "extent" and self.chance(0.2)
        if self.kind != "recording" and self.chance(0.12):
            self.page = random.choice([4096, 8192, 65536, 2 * MIB, GIB])
            space["page"] = self.bytes(self.page, pages_allowed=False)
        default_end = 4 * GIB // self.page
        if self.kind == "driver":
            self.end = random.choice([100, 512, 700, 4096, 20000, 100000])
        elif self.kind == "recording":
            self.end = random.choice([4096, default_end])
        elif wide:
            self.end = min(random.choice([2**21, 2**24 - 3, 2**30, 2**36, 2**40, 2**52 - 1]), (2**64 // self.page) - 1)
        else:
            self.end = random.choice([8, 64, 513, 1000, 4096, 30000, default_end, default_end])
        self.end = max(self.end, 4)
        self.first = 1
        if self.end != default_end or self.chance(0.3):
            space["size"] = self.bytes(self.end * self.page)
        if self.chance(0.3):
            self.first = random.choice([0, 1, random.randrange(self.end // 2), self.end - random.randint(1, min(self.end, 300))])
            space["base"] = self.bytes(self.first * self.page)
        self.usable, self.holes = self.end - self.first, []
        if self.chance(0.25):
            self.reserve(space)
        if self.kind != "driver" and self.chance(0.06):
            space["extents"] = self.count(self.random.choice([1, 2, 100, 1000, 65535]))
        if self.kind != "driver" and self.chance(0.06):
            every = self.count(self.random.choice([1, 2, 10, 1000, 10**9]))
            space["metadata_fails"] = {"every": every} if self.chance(0.5) else {"share": self.share(self.random.random())}
        if self.identity:
            space["mode"] = "identity"
        elif self.chance(0.1):
            space["mode"] = "remap"
        if space:
            self.tree["space"] = space
        self.memory()

    def reserve(self, space):
        borders = sorted(self.random.sample(range(self.first, self.end), min(self.end - self.first, 2 * self.random.randint(1, 4))))
        holes = [(low, high - low) for low, high in zip(borders[::2], borders[1::2])]
        if self.usable - sum(length for _, length in holes) < 4:
            return
        self.usable -= sum(length for _, length in holes)
        self.random.shuffle(holes)
        self.holes = holes
        space["reserved"] = [{"base": self.bytes(first * self.page), "size": self.pages(length)} for first, length in holes]

    def memory(self):
        physical, adapter = {}, {}
        self.frames = self.end if self.identity else 2 * self.end
        if self.kind == "driver" and self.chance(0.6) or self.chance(0.05):
            most = self.end if self.identity else max(16, min(200000, 4 * self.end))
            self.frames = self.random.choice([most, max(1, most // 2), self.random.randint(1, most)])
            physical["size"] = self.bytes(self.frames * self.page)
        if self.kind == "driver" and self.chance(0.5) or self.chance(0.03):
            physical["scatter"] = self.random.choice(["0%", "30%", "100%", "12.5%"])
        if physical:
            self.tree["physical"] = physical
        if self.chance(0.3 if self.kind == "driver" else 0.03):
            wddm = self.word("adapter.wddm")
            if self.identity or wddm != "2.4":
                adapter["wddm"] = wddm
        if adapter:
            self.tree["adapter"] = adapter
        self.adapters = []
        if self.chance(0.3 if self.kind == "driver" else 0.03):
            for number in range(self.random.choice([1, 2, 2, 3, 5])):
                entry = {"name": f"gpu{number}"}
                if number and self.chance(0.4):
                    entry["shares"] = self.random.choice(self.adapters)["name"]
                self.adapters.append(entry)
            self.tree["adapters"] = self.adapters

    # Phases.

    def phases(self):
        self.list, self.ranges = [], []
        self.script = Script(self)
        self.something_lives = False
        self.mixes_live = 0  # about how many extents of mixes
        self.filled = 1  # share of the space that a fill has asked for
        self.past_rings = []
        self.due = None  # the body that has to come next
        self.saved = None
        bodies = {"extent": ["fill", "fill", "churn", "churn", "churn", "drain", "drain", "clear", "script", "rings", "leave", "come", "busy", "idle"],
                  "driver": ["fill", "fill", "churn", "churn", "drain", "drain", "clear", "script", "script", "rings", "event"],
                  "recording": ["trace", "trace", "churn", "drain", "clear"],
                  "adversary": ["adversary", "queue", "fill", "churn", "clear"]}[self.kind]
        first = bodies[0]
        bodies = self.some(bodies)
        self.victims = {key: self.some(self.keys.words(key)) for key in ("phases.victims", "phases.free.victims")}
        self.fills = self.some(["live", "occupancy"])
        body = None
        for number in range(self.random.choice([1, 2, 3, 4, 5, 6, 8, 12])):
            body = self.body(bodies, body) if number or self.kind not in ("recording", "adversary") else first
            phase = {"name": self.name(number)}
            getattr(self, self.due or body)(phase)
            if self.chance(0.2):
                phase["measure"] = self.flag()
            self.list.append(phase)
        self.tree["phases"] = self.list

    def body(self, bodies, before):
        """What lives rises and falls: a phase that can only free comes rarely where nothing lives, and what was drained is filled again."""
        body = self.random.choice(bodies)
        idle = body in ("drain", "clear") and not self.something_lives and self.chance(0.8)
        return self.random.choice(["fill", "fill", "churn"]) if idle or before == "drain" and self.chance(0.5) else body

    def name(self, number):
        return self.random.choice([f"p{number}", f"phase-{number}", f"{number}", f"p.{number}", f"p_{number}", "x" * 60 + str(number)])

    def mix(self, lives=False):
        names = self.requests.with_lifetime() if lives else self.requests.names()
        chosen = self.random.sample(names, self.random.randint(1, min(3, len(names))))
        entries = []
        for name in chosen:
            entry = {"request": name}
            if self.chance(0.5):
                entry["weight"] = self.count(self.random.choice([1, 2, 9, 1000, 10**9]))
            entries.append(entry)
        return entries

    def is_vast(self):
        """An extent of terabytes takes a bitmap a second, a few thousand of them an hour: slow, but no fault."""
        return max(largest for _, largest in self.requests.sizes.values()) > 1 << 26

    def fill(self, phase):
        phase["mix"] = self.mix()
        if self.random.choice(self.fills) == "live":
            most = self.budget.take(self.population())
            live = max(most, self.mixes_live + most if self.chance(0.6) else most)
            phase["until"] = {"live": self.count(live)}
            self.mixes_live = max(self.mixes_live, live)
        else:
            mean = self.requests.mean_pages(phase["mix"])
            room = self.budget.take(self.population()) * mean / self.usable
            share = min(1.0, room * self.random.choice([1, 1, 4, self.random.random()]))  # the mean is rather too small
            share = max(share, 1e-11)
            phase["until"] = {"occupancy": self.share(share)}
            self.filled = share
            self.mixes_live = max(self.mixes_live, int(share * self.usable / mean) + 1)
        self.something_lives = True

    def churn(self, phase):
        victims = self.random.choice(self.victims["phases.victims"])
        if victims == "lifetime" and not self.requests.with_lifetime():
            victims = "random"
        phase["mix"] = self.mix(victims == "lifetime")
        if victims != "random" or self.chance(0.2):
            phase["victims"] = victims
        if victims != "lifetime":
            self.ways(phase)
        if self.chance(0.4):
            phase["free_on"] = self.word("phases.free_on")
        heavy = "think" in phase and phase["think"][-1] in "MG"
        most = 200 if heavy else 3000
        if self.something_lives and self.chance(0.3) and self.mixes_live < 400 and self.requests.are_alike(phase["mix"]):
            turns = min(20.0, self.budget.take(self.skewed(1, most)) / (2 * max(1, self.mixes_live)))
            phase["until"] = {"turnovers": self.random.choice([f"{max(turns, 0.001):.3f}", "1", "0.5"])}
        else:
            operations = self.budget.take(self.skewed(1, most))
            timed = self.pace <= 1000 and not ("think" in phase and phase.get("hold") == "occupancy")
            if timed and self.chance(0.5):
                phase["until"] = {"seconds": f"{max(operations / self.pace, 0.001):.3f}"}
            elif self.chance(0.7):
                phase["ops"] = self.count(operations)
            else:
                phase["until"] = {"ops": self.count(operations)}
        if victims == "lifetime":
            self.something_lives = True

    def ways(self, phase):
        if self.chance(0.25):
            phase["hold"] = self.word("phases.hold")
        if self.chance(0.6) and phase.get("hold") != "occupancy":
            phase["burst"] = self.count(self.random.choice([1, 2, 3, 7, 64, 1000, self.skewed(1, max(1, self.mixes_live))]))
        if self.chance(0.2):
            phase["think"] = self.count(self.random.choice([0, 1, 5000, 10**6, 10**9]))

    def drain(self, phase):
        drain = {}
        if self.chance(0.6):
            drain["until"] = {"live": self.count(self.skewed(1, max(1, self.mixes_live)))}
        else:
            drain["until"] = {"occupancy": self.share(max(1e-11, self.filled * self.random.random() * self.random.choice([1, 1, 0.1, 0.0001])))}
        if self.chance(0.7):
            drain["victims"] = self.random.choice(self.victims["phases.free.victims"])
        if self.chance(0.4):
            drain["free_on"] = self.word("phases.free.free_on")
        phase["free"] = drain

    def clear(self, phase):
        phase["free"] = "all"
        self.script.cleared()
        self.something_lives, self.mixes_live = False, 0
        self.ranges = []

    def event(self, phase):
        """The adapter is reset, or comes back in the next phase, if there is one."""
        called = [request["name"] for request in self.requests.list if request.get("call", "extent") != "extent"]
        if not called:
            return self.clear(phase)
        event = self.random.choice(["reset", "stop", "unplug", "power_down"])
        if self.due != "event":
            one = self.adapters and not self.script.live and self.chance(0.6)
            self.concerned = self.random.choice(self.adapters)["name"] if one else None
        saves = [name for name in called if self.concerned in (None, self.requests.adapter_of(name))]
        if self.due == "event":
            event, self.due = self.saved, None
        elif event != "reset":
            self.due, self.saved = "event", "power_up" if event == "power_down" else "start"
        phase["adapter"] = event
        if self.concerned:
            phase["of"] = self.concerned
        if event in ("reset", "stop", "unplug") and not self.concerned:
            self.script.cleared()
            self.something_lives, self.mixes_live = False, 0
        if event == "power_down" and saves and self.chance(0.7):
            phase["save"] = {"request": self.random.choice(saves)}
            if self.chance(0.5):
                phase["save"]["count"] = self.random.choice([1, 2, 3])

    def leave(self, phase):
        there = [cpu for cpu in range(1, min(self.cpus, 200)) if cpu not in self.away]
        if not there:
            return self.fill(phase)
        cpus = self.random.sample(there, self.random.randint(1, min(3, len(there))))
        self.away |= set(cpus)
        phase["offline"] = cpus[0] if len(cpus) == 1 and self.chance(0.5) else cpus
        if self.chance(0.5):
            phase["caches"] = self.word("phases.caches")

    def busy(self, phase):
        """What somebody has is reserved in vain, and that is no fault."""
        first = self.random.randrange(self.first, self.end)
        count = min(self.end - first, self.skewed(1, self.end - first))
        taken = self.holes + [(low, length) for low, length, _ in self.ranges]
        if any(first < low + length and low < first + count for low, length in taken):
            return self.fill(phase)
        entry = {"base": self.bytes(first * self.page), "size": self.pages(count)}
        self.ranges.append((first, count, entry))
        phase["reserve"] = [entry]

    def idle(self, phase):
        if not self.ranges:
            return self.busy(phase)
        _, _, entry = self.ranges.pop(self.random.randrange(len(self.ranges)))
        phase["unreserve"] = [entry]

    def come(self, phase):
        if not self.away:
            return self.leave(phase)
        cpu = self.random.choice(sorted(self.away))
        self.away.remove(cpu)
        phase["online"] = cpu if self.chance(0.5) else [cpu]

    def rings(self, phase):
        if self.past_rings and self.chance(0.6):
            rings = dict(self.random.choice(self.past_rings))
        else:
            count = self.random.choice([1, 1, 2, 3, 5, 64])
            rings = {"depth": self.count(max(1, self.budget.take(self.skewed(1, 600)) // count))}
            if count > 1 or self.chance(0.3):
                rings["count"] = count
            names = self.requests.names()
            rings["request"] = self.random.choice(names) if self.chance(0.6) else [self.random.choice(names) for _ in range(count)]
            self.past_rings.append(dict(rings))
        count = rings.get("count", 1)
        if self.chance(0.4):
            rings["pace"] = (self.random.randint(1, 9) if self.chance(0.5)
                             else [self.random.choice([1, 1, 2, 3, 100]) for _ in range(count)])
        depth = int(rings["depth"].replace("k", "000"))
        if self.chance(0.4):
            rings["burst"] = self.count(self.skewed(1, depth))
        phase["rings"] = rings
        draw = self.random.random()
        if draw < 0.5:
            phase["ops"] = self.count(self.budget.take(self.skewed(1, 2000)))
        elif draw < 0.6:
            phase["until"] = {"ops": self.count(self.budget.take(self.skewed(1, 2000)))}
        elif draw < 0.75 and depth * count < 1000:
            phase["until"] = {"turnovers": self.random.choice(["0.5", "1", "1.5"])}
        if len(phase) > 2 and self.chance(0.4):
            phase["free_on"] = self.word("phases.free_on")
        self.something_lives = True

    def trace(self, phase):
        recording = Recording(self.random, self.budget.take(self.skewed(2, 600)))
        file = f"{self.tree['name']}-{len(self.recordings)}.iovatrace"
        self.recordings[file] = recording.text
        trace = {"file": file}
        if self.chance(0.4):
            trace["repeat"] = self.count(self.random.choice([1, 2, 3]))
        if self.chance(0.5):
            trace["between"] = self.word("phases.trace.between")
        if self.chance(0.5):
            trace["limits"] = self.word("phases.trace.limits")
        if self.chance(0.5):
            trace["align"] = self.requests.align(self.end)
        phase["trace"] = trace
        self.something_lives = True

    def queue(self, phase):
        """Every request of it has a lifetime."""
        if not self.requests.with_lifetime():
            return self.adversary(phase)
        served = self.budget.take(self.skewed(1, 2000))
        phase["queue"] = {"mix": self.mix(lives=True), "served": self.count(max(1, served))}
        self.something_lives = True

    def adversary(self, phase):
        most = max(1, min(256, self.usable // 2))
        live = self.skewed(1, most)
        largest = 1 << self.random.randint(0, live.bit_length() - 1)
        phase["adversary"] = {"robson": {"live": self.pages(live), "largest": self.pages(largest)}}
        self.budget.take(live)
        self.something_lives = True

    # What stands behind the phases.

    def expectations(self):
        entries = []
        for _ in range(self.random.choice([0, 0, 0, 1, 3])):
            entry = {"metric": self.random.choice(self.tables.metrics)}
            comparison = self.random.choice(["is", "below", "above"])
            entry[comparison] = self.random.choice(["0", "1", "100%", "-1", "0.5", "1k", "3.25"])
            if comparison == "is" and self.chance(0.4):
                entry["tolerance"] = self.random.choice(["0", "0.1", "5", "1G"])
            if self.chance(0.3):
                entry["allocator"] = self.random.choice(self.tables.allocators.bases)
            entries.append(entry)
        if entries:
            self.tree["expect"] = entries

    def sweeps(self):
        """Values that are right in every combination."""
        candidates = {}
        for phase in self.list:
            if "mix" in phase and "ops" in phase and "." not in phase["name"]:
                operations = int(phase["ops"]) if phase["ops"].isdigit() else 1000
                candidates[f"phases.{phase['name']}.ops"] = [str(max(1, operations // part)) for part in range(1, 20)]
            if "burst" in phase and "." not in phase["name"]:
                candidates[f"phases.{phase['name']}.burst"] = ["1", "2", "3", "5", "8", "13", "21", "34"] if "mix" in phase else []
        for request in self.tree["requests"]:
            if "fixed" in request["size"] and request.get("call", "extent") == "extent":
                pages = self.requests.sizes[request["name"]][1]
                candidates[f"requests.{request['name']}.size.fixed"] = [f"{pages} pages", f"{max(1, pages - 1)} pages", f"{(pages + 1) // 2} pages"]
        if "seed" in self.tree:
            candidates["seed"] = [str(number) for number in range(30)]
        if "cpus" in self.tree and not any("offline" in phase for phase in self.list):
            candidates["cpus"] = ["1", "2", "4", "7"]
        candidates = {key: list(dict.fromkeys(values)) for key, values in candidates.items() if values and len(key) < 60}
        keys = self.random.sample(sorted(candidates), min(len(candidates), self.random.choice([1, 1, 2, 3])))
        combinations, entries = 1, []
        for key in keys:
            values = candidates[key]
            values = self.random.sample(values, min(len(values), self.skewed(1, len(values))))
            values = values[:max(1, 24 // combinations)]
            combinations *= len(values)
            entries.append({"key": key, "values": values})
        if entries:
            self.tree["sweep"] = entries
