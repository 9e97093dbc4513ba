# SPDX-License-Identifier: MIT
"""Kinds of requests, with every distribution, limit and argument that fits the space."""


class Requests:
    def __init__(self, generator):
        self.g, self.random = generator, generator.random
        self.list, self.sizes, self.lifetimes = [], {}, set()
        for number in range(self.random.choice([1, 1, 2, 3, 5])):
            self.list.append(self.request(number))

    def names(self):
        return [request["name"] for request in self.list]

    def adapter_of(self, name):
        request = next(request for request in self.list if request["name"] == name)
        return request.get("adapter", self.g.adapters[0]["name"] if self.g.adapters else None)

    def with_lifetime(self):
        return [request["name"] for request in self.list if "lifetime" in request]

    def mean_pages(self, mix):
        """Rather too small than too large: an occupancy is planned with it."""
        return max(1.0, min(self.sizes[entry["request"]][0] for entry in mix))

    def are_alike(self, mix):
        """A turnover is one of pages: small requests would take as many operations as what lives has pages."""
        return max(largest for _, largest in self.sizes.values()) <= 64 * self.mean_pages(mix)

    def request(self, number):
        g, random = self.g, self.random
        request = {"name": random.choice([f"r{number}", f"request-{number}", f"{number}a"])}
        call = "extent"
        if g.kind == "driver":
            call = g.word("requests.call")
            while g.identity and call in ("extent", "reserve"):
                call = g.word("requests.call")
        takes = g.tables.calls.requests[call]
        if g.chance(0.1):
            request["about"] = "null"
        if call != "extent" or g.chance(0.1):
            request["call"] = call
        if g.adapters and g.chance(0.7):
            request["adapter"] = random.choice(g.adapters)["name"]
        low, high, boundary = self.window(request, call, takes)
        guard = 0
        if call == "extent" and g.chance(0.1):
            guard = g.skewed(0, max(0, min(8, high - low, boundary - 1, g.usable - 1)))
            request["guard"] = g.pages(guard)
        most = max(1, min(high - low + 1, boundary, g.usable) - guard)
        if call in ("mdl", "adl", "mm_mdl", "mm_contiguous", "map"):
            most = min(most, max(1, (4 << 30) // g.page - 1), max(1, g.frames))
        falls = call == "extent" and most > 1 and g.chance(0.07)
        request["size"] = self.fallback(request["name"], most) if falls else self.size(request["name"], most)
        if call == "extent" and g.chance(0.03):
            request["from"] = g.word("requests.from")
        if "align" in takes and g.chance(0.4):
            request["align"] = self.align(g.end)
        if g.chance(0.4):
            request["lifetime"] = self.lifetime()
        if call != "extent":
            self.arguments(request, takes)
        return g.shuffled(request) if g.chance(0.2) else request

    def window(self, request, call, takes):
        """Sets low, high, boundary; returns inclusive pages, and a boundary in pages."""
        g, random = self.g, self.random
        low, high, boundary = g.first, g.end - 1, 1 << 60
        if call.startswith("mm_"):
            if "low" in takes and g.chance(0.2):
                request["low"] = g.bytes(random.randrange(g.frames * g.page), pages_allowed=False)
            if "high" in takes and g.chance(0.2):
                least = 0 if "low" not in request else g.frames * g.page
                request["high"] = g.bytes(random.randint(least, least + g.frames * g.page), pages_allowed=False)
            if "boundary" in takes and g.chance(0.2):
                request["boundary"] = g.bytes(1 << random.randint(0, 40), pages_allowed=False)
            return low, high, boundary
        if "low" in takes and g.chance(0.2):
            low = random.randint(g.first, g.end - 1)
            request["low"] = g.bytes(low * g.page)
        if "high" in takes and g.chance(0.3):
            ends = [random.randint(low, high) for _ in range(random.choice([1, 1, 2, 8]))]
            if g.chance(0.3):
                ends.append(min(high + 1 + random.randrange(1000), 2**64 // g.page - 1))
                ends = ends[-8:]
            if g.chance(0.7):
                ends.sort()
            request["high"] = [g.bytes(end * g.page + g.page - 1, pages_allowed=False) for end in ends]
            if len(ends) == 1 and g.chance(0.5):
                request["high"] = request["high"][0]
            high = min(high, max(ends))
        if "boundary" in takes and g.chance(0.2):
            boundary = 1 << random.randint(0, 20)
            if boundary * g.page >= 1 << 64:
                boundary = 1
            request["boundary"] = g.pages(boundary)
        return low, high, boundary

    # Sizes, in pages from 1 to most.

    def size(self, name, most):
        kinds = ["fixed", "fixed", "uniform", "powers_of_two", "log_uniform", "lognormal", "pareto", "zipf", "weights", "mixed"]
        kind = self.random.choice(kinds)
        if kind == "weights":
            parts, least, largest = [], most, 1
            for _ in range(self.random.choice([1, 2, 5, 40])):
                pages = self.some_pages(most)
                least, largest = min(least, pages), max(largest, pages)
                parts.append(self.weighed({"size": self.g.pages(pages)}))
            self.sizes[name] = (least, largest)
            return {"weights": parts}
        if kind == "mixed":
            parts, least, largest = [], most, 1
            for _ in range(self.random.choice([1, 2, 3])):
                part, low, high = self.simple(self.random.choice(kinds[:-2]), most)
                least, largest = min(least, low), max(largest, high)
                parts.append(self.weighed(part))
            self.sizes[name] = (least, largest)
            return {"mixed": parts}
        size, low, high = self.simple(kind, most)
        self.sizes[name] = (low, high)
        return size

    def fallback(self, name, most):
        """What is planned is the first."""
        pages = sorted({self.random.randint(1, most) for _ in range(self.random.choice([2, 3, 8]))} | {1, most}, reverse=True)[:8]
        self.sizes[name] = (pages[0], pages[0])
        return {"fallback": [self.g.pages(count) for count in pages]}

    def weighed(self, part):
        if self.g.chance(0.6):
            part["weight"] = self.g.count(self.random.choice([1, 3, 10, 10**9]))
        return part

    def some_pages(self, most):
        usual = min(most, self.random.choice([1, 4, 16, 64, 600, most]))
        return self.g.skewed(1, usual)

    def simple(self, kind, most):
        g = self.g
        low = self.some_pages(most)
        high = max(low, self.some_pages(most))
        if kind == "fixed":
            return {"fixed": g.pages(low)}, low, low
        if kind == "powers_of_two":
            high = low << g.random.randint(0, max(0, (most // low).bit_length() - 1))
        bounds = {"min": g.pages(low), "max": g.pages(high)}
        if kind == "powers_of_two":
            if g.chance(0.5):
                bounds["ratio"] = g.random.choice(["50%", "100%", "0.5%", "33.3%"])
            if g.chance(0.4):
                bounds["exact"] = g.flag()
        elif kind == "lognormal":
            bounds["median"] = g.pages(g.random.randint(low, high))
            bounds["sigma"] = g.number("requests.size.lognormal.sigma")
        elif kind in ("pareto", "zipf"):
            bounds["alpha"] = g.number(f"requests.size.{kind}.alpha")
        return {kind: bounds}, low, high

    def align(self, end):
        g = self.g
        draw = self.random.random()
        if draw < 0.2:
            return "none"
        if draw < 0.5:
            return "natural"
        power = 1 << self.random.randint(0, min(20, max(0, end.bit_length() - 1)))
        # An aligned address must lie inside.
        while power > 1 and (g.first + power - 1) // power * power >= g.end:
            power //= 2
        return g.pages(power) if draw < 0.75 else {"natural_up_to": g.pages(power)}

    def lifetime(self):
        g = self.g
        kind = self.random.choice(["fixed", "uniform", "exponential", "pareto", "generational"])
        most = self.random.choice([1, 30, 1000, 5000, 100000])
        low = g.skewed(1, most)
        high = self.random.randint(low, most)
        if kind == "fixed":
            return {"fixed": g.count(low)}
        if kind == "exponential":
            return {"exponential": {"mean": g.count(low)}}
        if kind == "generational":
            return {"generational": {"young": g.count(low), "old": g.count(high), "share": self.random.choice(["90%", "100%", "0.1%"])}}
        bounds = {"min": g.count(low), "max": g.count(high)}
        if kind == "pareto":
            bounds["alpha"] = g.number("requests.lifetime.pareto.alpha")
        return {kind: bounds}

    def arguments(self, request, takes):
        """Of a driver call, beside its size and limits."""
        g, random = self.g, self.random
        call = request["call"]
        for key in ("cache", "irql"):
            if key in takes and g.chance(0.3):
                request[key] = g.word(f"requests.{key}")
        for key in ("io_space", "user"):
            if key in takes and g.chance(0.2):
                request[key] = g.flag()
        if "node" in takes and g.chance(0.3):
            request["node"] = random.choice([0, 1, 63])
        if "address" in takes and g.chance(0.2):
            request["address"] = g.bytes(random.randrange(g.end) * g.page, pages_allowed=False)
        if "flags" in takes and g.chance(0.4):
            request["flags"] = self.flags()
        if "skip" in takes and g.chance(0.2):
            request["skip"] = g.pages(random.choice([0, 1, 2, 16]))
        if "type" in takes and g.chance(0.4):
            request["type"] = random.choice([word for word in g.keys.words("requests.type") if word != "section"]
                                            if "," in g.keys.rows["requests.type"]["value"] else ["mdl"])
        if "contiguous" in takes and g.chance(0.5):
            request["contiguous"] = random.choice(["require", "prefer", "no"])
            if call == "adl" and request["contiguous"] == "require" and request.get("type") == "mdl":
                del request["type"]

    def flags(self):
        words = ["DONT_ZERO", "LOCAL_NODE_ONLY", "FULLY_REQUIRED", "NO_WAIT", "PREFER_CONTIGUOUS", "REQUIRE_CONTIGUOUS_CHUNKS", "FAST_LARGE_PAGES"]
        if self.g.chance(0.3):
            return f"0x{self.random.randrange(0x80):x}"
        return self.random.sample(words, self.random.randint(1, 3))
