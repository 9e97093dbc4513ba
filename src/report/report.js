/* SPDX-License-Identifier: MIT
 * Draws the figures of the report from the data that stands in the page. */
(function () {
'use strict';

document.documentElement.classList.add('js');

const data = JSON.parse(document.getElementById('data').textContent);
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const redraws = [];

/* ---- numbers for people, as the tables write them ---- */

function digits(value) {
	const size = Math.abs(value);
	return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

function scaled(value, step, units, gap) {
	if (value === null || !isFinite(value))
		return '–';
	let unit = 0;
	while (unit + 1 < units.length && Math.abs(value) >= 0.9995 * step) {
		value /= step;
		unit++;
	}
	const text = unit === 0 && value === Math.floor(value) ? String(value) : digits(value);
	return units[unit] ? text + gap + units[unit] : text;
}

const duration = value => scaled(value, 1000, ['ns', 'us', 'ms', 's'], ' ');
const count = value => scaled(value, 1000, ['', 'k', 'M', 'G', 'T'], ' ');
function share(value) {
	const percent = value === null ? null : 100 * value;
	if (percent === null || percent === 0 || !isFinite(percent))
		return percent === 0 ? '0 %' : '–';
	return (Math.abs(percent) >= 0.95 ? digits(percent) : String(Number(percent.toPrecision(2)))) + ' %';
}
const bytes = value => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], ' ');
/* Ticks are round numbers: without the zeros that three digits would give them. */
const brief = text => text.replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');

const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function element(name, text, parent, className) {
	const made = document.createElement(name);
	if (text)
		made.textContent = text;
	if (className)
		made.className = className;
	if (parent)
		parent.appendChild(made);
	return made;
}

/* ---- axes ---- */

/* Decades, and 2 and 5 between them where there is room. */
function logTicks(low, high, pixels, options, graph, values, format) {
	const ticks = [], decades = Math.log10(high / low);
	const inside = decades > 4.5 ? [1] : decades > 2 ? [1, 3] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
	const every = Math.max(1, Math.ceil(decades / 7));
	for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
		for (const factor of inside)
			if (power % every === 0)
				ticks.push({v: factor * Math.pow(10, power), label: brief(format(factor * Math.pow(10, power)))});
	return ticks.filter(tick => tick.v >= low * 0.999 && tick.v <= high * 1.001);
}

function linearTicks(low, high, pixels, perTick, format) {
	const raw = (high - low) / Math.max(2, pixels / perTick), power = Math.pow(10, Math.floor(Math.log10(raw)));
	const step = power * [1, 2, 2.5, 5, 10].find(factor => factor * power >= raw * 0.999);
	const ticks = [];
	for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step)
		ticks.push({v: at, label: brief(format(Math.abs(at) < step * 1e-9 ? 0 : at))});
	return ticks;
}

/* x is log10(1 / (1 - p)): 1 is 90 %, 2 is 99 %. */
const percentileAt = x => 100 * (1 - Math.pow(10, -x));
function percentileText(x) {
	const decimals = Math.max(0, Math.ceil(x + 0.3) - 2);
	return percentileAt(x).toFixed(Math.min(decimals, 6)).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') + ' %';
}
/* Longer and longer labels on an even grid: every second one stays bare where they would touch. */
function percentileTicks(low, high, pixels) {
	const ticks = [{v: 0, label: ''}, {v: Math.log10(2), label: '50 %'}];
	const step = pixels / (high - low) < 76 ? 2 : 1;
	for (let nines = 1; nines <= 9; nines++)
		ticks.push({v: nines, label: nines % step === 1 % step ? percentileText(nines) : ''});
	return ticks.filter(tick => tick.v >= low - 1e-9 && tick.v <= high + 1e-9);
}

/* ---- charts ---- */

/* Rows [x, a, b, …] of lines [[x, y], …], null where a line has no point. */
function table(lines) {
	const rows = new Map();
	lines.forEach((line, index) => {
		for (const [x, y] of line) {
			if (!rows.has(x))
				rows.set(x, [x].concat(lines.map(() => null)));
			rows.get(x)[index + 1] = y;
		}
	});
	return Array.from(rows.values()).sort((a, b) => a[0] - b[0]);
}

function readout(figure, head, arms, row, format) {
	const line = figure.querySelector('.readout');
	line.textContent = '';
	if (!row)
		return;
	element('span', head, line);
	arms.forEach((arm, index) => {
		const value = row[index + 1];
		if (value === null || value === undefined || isNaN(value))
			return;
		const part = element('span', '', line);
		element('i', '', part, 'chip c' + arm.color);
		part.appendChild(document.createTextNode(arm.spec + ' '));
		element('b', format(value), part);
	});
}

/* plan: {lines, log, format, xText, xTicks, xLabel, resolution, marks: [{x, text}]} */
function draw(figure, arms, plan, state) {
	const plot = figure.querySelector('.plot'), rows = table(plan.lines);
	if (figure.graph)
		figure.graph.destroy();
	figure.graph = null;
	plot.textContent = '';
	if (!rows.length) {
		element('p', 'Not measured.', plot, 'note');
		return;
	}
	const values = plan.lines.flat().map(point => point[1]).filter(y => y !== null && (!plan.log || y > 0));
	const low = Math.min(...values), high = Math.max(...values);
	const range = plan.log ? [plan.resolution ? Math.min(low * 0.7, plan.resolution * 0.4) : low * 0.7, high * 1.5]
		: [Math.min(0, low), high === low ? high + 1 : high + (high - Math.min(0, low)) * 0.06];
	/* What stands there while nothing is pointed at. */
	plan.rest = plan.restAt ? rows.filter(row => row[0] <= plan.restAt + 1e-6).pop() || rows[0] : rows[rows.length - 1];
	readout(figure, plan.xText(plan.rest[0]), arms, plan.rest, plan.format);
	const soft = css('--soft'), shade = css('--shade');
	figure.graph = new Dygraph(plot, rows, {
		labels: ['x'].concat(arms.map((arm, index) => arm.spec + '\u0000' + index)),
		colors: arms.map(arm => css('--c' + arm.color)),
		visibility: arms.map(arm => !state.hidden.has(arm.spec)),
		logscale: plan.log, valueRange: range, legend: 'never', connectSeparatedPoints: true,
		strokeWidth: 1.8, highlightCircleSize: 3, gridLineColor: css('--grid'), axisLineColor: css('--line'),
		gridLineWidth: 1, axisLabelFontSize: 11, xlabel: plan.xLabel, xLabelHeight: 16, yRangePad: 0, xRangePad: 4,
		axes: {
			x: {ticker: (a, b, pixels) => plan.xTicks(a, b, pixels), axisLabelWidth: 56},
			y: {ticker: (a, b, pixels, options, graph, vals) => plan.log
				? logTicks(a, b, pixels, options, graph, vals, plan.format)
				: linearTicks(a, b, pixels, 40, plan.format), axisLabelWidth: 58},
		},
		highlightCallback: (event, x, points, row) => readout(figure, plan.xText(rows[row][0]), arms, rows[row], plan.format),
		unhighlightCallback: () => readout(figure, plan.xText(plan.rest[0]), arms, plan.rest, plan.format),
		underlayCallback: (canvas, area, graph) => {
			if (plan.resolution) {
				const top = Math.max(area.y, graph.toDomYCoord(plan.resolution));
				const bottom = area.y + area.h;
				if (top < bottom) {
					canvas.fillStyle = shade;
					canvas.fillRect(area.x, top, area.w, bottom - top);
					canvas.fillStyle = soft;
					canvas.font = '10px system-ui, sans-serif';
					canvas.textAlign = 'right';
					canvas.fillText('the clock cannot tell', area.x + area.w - 4, bottom - 4);
				}
			}
			for (const mark of plan.marks || []) {
				const x = Math.round(graph.toDomXCoord(mark.x)) + 0.5;
				if (x < area.x - 1 || x > area.x + area.w)
					continue;
				canvas.strokeStyle = soft;
				canvas.globalAlpha = 0.5;
				canvas.setLineDash([2, 3]);
				canvas.beginPath();
				canvas.moveTo(x, area.y);
				canvas.lineTo(x, area.y + area.h);
				canvas.stroke();
				canvas.setLineDash([]);
				canvas.globalAlpha = 1;
				canvas.fillStyle = soft;
				canvas.font = '10px system-ui, sans-serif';
				canvas.textAlign = 'left';
				/* A phase too short for its name leaves the place to the next one. */
				const next = plan.marks.find(one => one.x > mark.x);
				const room = (next ? graph.toDomXCoord(next.x) : area.x + area.w) - x;
				if (canvas.measureText(mark.text).width + 6 < room)
					canvas.fillText(mark.text, x + 4, area.y + 10);
			}
		},
	});
}

function choose(figure, options, changed) {
	const place = figure.querySelector('.choice');
	if (options.length < 2)
		return options.length ? options[0].key : null;
	const select = element('select', '', place);
	select.setAttribute('aria-label', figure.querySelector('h3').textContent);
	for (const option of options)
		element('option', option.text, select).value = option.key;
	select.addEventListener('change', () => changed(select.value));
	return select.value;
}

/* ---- the three charts ---- */

function percentiles(figure, arms, state) {
	/* In the order of the data; what is rare comes last, so that it is not what one sees first. */
	const samples = kind => arms.reduce((sum, arm) => sum + (arm.latency[kind] ? arm.latency[kind].count : 0), 0);
	const all = data.kinds.reduce((sum, kind) => sum + samples(kind), 0);
	const isRare = kind => samples(kind) * 20 < all ? 1 : 0;
	const kinds = data.kinds.filter(kind => samples(kind)).sort((a, b) => isRare(a) - isRare(b))
		.map(kind => ({key: kind, text: kind.replace('_', ' ')}));
	let kind = choose(figure, kinds, key => { kind = key; update(); });
	function update() {
		const present = arms.filter(arm => arm.latency[kind]);
		draw(figure, arms, {
			lines: arms.map(arm => arm.latency[kind] ? arm.latency[kind].curve.map(
				([p, ns]) => [Math.round(-Math.log10(1 - p / 100) * 1e6) / 1e6, ns]) : []),
			log: true, format: duration, xText: percentileText, xTicks: percentileTicks, xLabel: 'percentile', restAt: 3,
			resolution: present.length ? present[0].latency[kind].resolution : 0,
		}, state);
	}
	return update;
}

/* Where phases begin, as the first arm that has a series saw it. */
function phaseMarks(arms) {
	const arm = arms.find(one => one.series.op && one.series.op.length);
	const marks = [];
	if (!arm || arm.phases.length < 2)
		return marks;
	arm.series.phase.forEach((phase, row) => {
		if (row === 0 || phase !== arm.series.phase[row - 1])
			marks.push({x: row ? arm.series.op[row - 1] : 0, text: arm.phases[phase]});
	});
	return marks;
}

function overTime(figure, arms, state, columns, log) {
	const known = columns.filter(column => arms.some(arm => arm.series[column.key]));
	const marks = phaseMarks(arms);
	let key = choose(figure, known, chosen => { key = chosen; update(); });
	function update() {
		const column = known.find(one => one.key === key) || {format: count};
		draw(figure, arms, {
			lines: arms.map(arm => arm.series[key] ? arm.series.op.map((op, row) => [op, arm.series[key][row]])
				.filter(([op, y]) => op !== null && y !== null && (!log || y > 0)) : []),
			log: log, format: column.format, xText: op => 'after ' + count(op) + ' operations',
			xTicks: (low, high, pixels) => linearTicks(low, high, pixels, 70, count), xLabel: 'operations', marks: marks,
		}, state);
	}
	return update;
}

const latencyColumns = [
	{key: 'alloc_p99_ns', text: 'p99', format: duration},
	{key: 'alloc_p50_ns', text: 'p50', format: duration},
	{key: 'alloc_max_ns', text: 'maximum', format: duration},
	{key: 'ns_per_op', text: 'ns per operation', format: duration},
];
const spaceColumns = [
	{key: 'unusable_2mib', text: 'unusable for 2 MiB', format: share},
	{key: 'unusable_64kib', text: 'unusable for 64 KiB', format: share},
	{key: 'largest_free_pages', text: 'largest free run, pages', format: count},
	{key: 'free_extents', text: 'free runs', format: count},
	{key: 'free_2mib_slots', text: 'free 2 MiB slots', format: count},
	{key: 'page_table_pages', text: 'page-table pages', format: count},
	{key: 'span_pages', text: 'span, pages', format: count},
	{key: 'live_pages', text: 'live pages', format: count},
	{key: 'free_pages', text: 'free pages', format: count},
	{key: 'cached_pages', text: 'cached pages', format: count},
	{key: 'deferred_pages', text: 'deferred pages', format: count},
	{key: 'steps_alloc_mean', text: 'steps per allocation', format: digits},
	{key: 'failures', text: 'failures so far', format: count},
];

/* ---- pictures of the space ---- */

const lightRamp = [[251, 251, 247], [203, 228, 214], [84, 170, 168], [20, 98, 132], [12, 44, 84]];
const darkRamp = [[24, 27, 31], [22, 62, 84], [26, 119, 138], [98, 190, 162], [238, 246, 190]];

function rampColor(cell) {
	const ramp = dark.matches ? darkRamp : lightRamp;
	/* A page in an empty stretch must be seen: the scale begins with a step and is steepest there. */
	const seen = cell === 0 ? 0 : 0.12 + 0.88 * Math.pow(Math.min(cell / 63, 1), 0.7);
	const at = seen * (ramp.length - 1), index = Math.min(Math.floor(at), ramp.length - 2), part = at - index;
	return ramp[index].map((from, channel) => Math.round(from + (ramp[index + 1][channel] - from) * part));
}

function drawRamp(place) {
	place.textContent = '';
	element('span', 'free', place);
	const canvas = element('canvas', '', place);
	canvas.width = 64;
	canvas.height = 1;
	const context = canvas.getContext('2d');
	for (let cell = 0; cell < 64; cell++) {
		context.fillStyle = 'rgb(' + rampColor(cell) + ')';
		context.fillRect(cell, 0, 1, 1);
	}
	element('span', 'all live', place);
}

const margin = {left: 46, right: 2, top: 2, bottom: 20};

function cellAt(map, row, column) {
	return data.symbols.indexOf(map.cells[row * map.columns + column]);
}

function mapImage(map) {
	const image = document.createElement('canvas');
	image.width = map.columns;
	image.height = map.ops.length;
	const context = image.getContext('2d'), pixels = context.createImageData(image.width, image.height);
	const colors = Array.from({length: 64}, (unused, cell) => rampColor(cell)), grey = dark.matches ? [52, 56, 60] : [222, 222, 218];
	for (let i = 0; i < map.cells.length; i++) {
		const color = colors[data.symbols.indexOf(map.cells[i])] || grey;
		pixels.data.set([color[0], color[1], color[2], 255], 4 * i);
	}
	context.putImageData(pixels, 0, 0);
	return image;
}

function hatch(context, map, area) {
	const tile = document.createElement('canvas');
	tile.width = tile.height = 6;
	const lines = tile.getContext('2d');
	lines.strokeStyle = dark.matches ? '#7a8087' : '#9a9c98';
	lines.beginPath();
	for (const shift of [-6, 0, 6]) {
		lines.moveTo(shift, 6);
		lines.lineTo(shift + 6, 0);
	}
	lines.stroke();
	context.fillStyle = context.createPattern(tile, 'repeat');
	const rows = map.ops.length, wide = area.w / map.columns, high = area.h / rows;
	for (let column = 0; column < map.columns; column++) {
		for (let from = 0; from < rows;) {
			let to = from;
			while (to < rows && cellAt(map, to, column) === 64)
				to++;
			if (to > from)
				context.fillRect(area.x + column * wide, area.y + from * high, wide + 0.5, (to - from) * high + 0.5);
			from = to + 1;
		}
	}
}

function address(map, pageBytes, part) {
	const pages = BigInt(map.first) + BigInt(Math.round(map.count * part));
	return '0x' + (pages * BigInt(pageBytes)).toString(16);
}

function labelMap(context, map, area, pageBytes) {
	context.fillStyle = css('--soft');
	context.strokeStyle = css('--line');
	context.strokeRect(area.x - 0.5, area.y - 0.5, area.w + 1, area.h + 1);
	context.font = '11px system-ui, sans-serif';
	context.textBaseline = 'top';
	const parts = area.w > 420 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1];
	for (const part of parts) {
		context.textAlign = part === 0 ? 'left' : part === 1 ? 'right' : 'center';
		context.fillText(address(map, pageBytes, part), area.x + area.w * part, area.y + area.h + 5);
	}
	const rows = map.ops.length;
	context.textAlign = 'right';
	for (let tick = 0; tick <= 4; tick++) {
		const row = Math.min(rows - 1, Math.round(tick * (rows - 1) / 4));
		context.textBaseline = tick === 0 ? 'top' : tick === 4 ? 'bottom' : 'middle';
		context.fillText(brief(count(map.ops[row])), area.x - 6, area.y + area.h * (tick === 4 ? 1 : row / rows));
	}
}

function drawMap(canvas, map, pageBytes) {
	const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
	if (box.width === 0)
		return;
	canvas.width = Math.round(box.width * ratio);
	canvas.height = Math.round(box.height * ratio);
	const context = canvas.getContext('2d');
	context.scale(ratio, ratio);
	const area = {x: margin.left, y: margin.top, w: box.width - margin.left - margin.right, h: box.height - margin.top - margin.bottom};
	canvas.area = area;
	context.imageSmoothingEnabled = area.w < map.columns;
	context.drawImage(mapImage(map), area.x, area.y, area.w, area.h);
	hatch(context, map, area);
	labelMap(context, map, area, pageBytes);
}

function explainCell(line, canvas, map, pageBytes, event) {
	const area = canvas.area;
	const column = Math.floor((event.offsetX - area.x) / area.w * map.columns);
	const row = Math.floor((event.offsetY - area.y) / area.h * map.ops.length);
	line.textContent = '';
	if (column < 0 || column >= map.columns || row < 0 || row >= map.ops.length)
		return;
	const cell = cellAt(map, row, column);
	element('span', 'after ' + count(map.ops[row]) + ' operations', line);
	element('span', address(map, pageBytes, column / map.columns) + ' + ' + bytes(map.count / map.columns * pageBytes), line);
	element('b', cell === 64 ? 'reserved' : cell === 0 ? 'free' : Math.round(100 * cell / 63) + ' % live', line);
}

function pictures(figure, arms, pageBytes) {
	const place = figure.querySelector('.maps'), all = [];
	for (const arm of arms) {
		for (const map of arm.maps) {
			if (!map.columns || !map.ops.length)
				continue;
			const box = element('div', '', place, 'map'), head = element('h4', '', box);
			element('i', '', head, 'chip c' + arm.color);
			head.appendChild(document.createTextNode(arm.spec + (arm.maps.length > 1 ? ', domain ' + map.domain : '')));
			const canvas = element('canvas', '', box), line = element('p', '', box, 'readout');
			canvas.setAttribute('role', 'img');
			canvas.setAttribute('aria-label', 'Live share of the address space over time: ' + arm.spec);
			canvas.addEventListener('pointermove', event => explainCell(line, canvas, map, pageBytes, event));
			canvas.addEventListener('pointerleave', () => { line.textContent = ''; });
			all.push(() => drawMap(canvas, map, pageBytes));
		}
	}
	if (!all.length) {
		figure.remove();
		return () => {};
	}
	return () => {
		drawRamp(figure.querySelector('.ramp'));
		all.forEach(one => one());
	};
}

/* ---- sections ---- */

function pageBytesOf(section) {
	const expanded = section.querySelector('.expanded');
	try {
		const space = JSON.parse(expanded.textContent).space;
		const [, count, unit] = /^(\d+)(B|KiB|MiB|GiB)$/.exec(space.page);
		return count * 1024 ** ['B', 'KiB', 'MiB', 'GiB'].indexOf(unit);
	} catch (unknown) {
		return 4096;
	}
}

function legend(section, arms, state, updates) {
	const place = section.querySelector('.legend');
	for (const arm of arms) {
		const button = element('button', '', place);
		button.type = 'button';
		button.setAttribute('aria-pressed', 'true');
		element('i', '', button, 'chip c' + arm.color);
		button.appendChild(document.createTextNode(arm.spec));
		button.addEventListener('click', () => {
			const hide = !state.hidden.has(arm.spec);
			state.hidden[hide ? 'add' : 'delete'](arm.spec);
			button.setAttribute('aria-pressed', String(!hide));
			updates.forEach(update => update());
		});
	}
}

function build(section) {
	const index = Number(section.dataset.workload), state = {hidden: new Set()}, charts = [];
	const arms = data.arms.filter(arm => arm.workload === index && arm.phases.length);
	const makers = {
		percentiles: figure => percentiles(figure, arms, state),
		latency: figure => overTime(figure, arms, state, latencyColumns, true),
		fragmentation: figure => overTime(figure, arms, state, spaceColumns, false),
	};
	for (const figure of section.querySelectorAll('.chart')) {
		if (figure.dataset.chart === 'maps')
			redraws.push(pictures(figure, arms, pageBytesOf(section)));
		else
			charts.push(makers[figure.dataset.chart](figure));
	}
	if (section.querySelector('.legend'))
		legend(section, arms, state, charts);
	redraws.push(...charts);
}

document.querySelectorAll('section.workload').forEach(build);
const redraw = () => redraws.forEach(one => one());
redraw();
dark.addEventListener('change', redraw);
let pending = 0;
window.addEventListener('resize', () => {
	clearTimeout(pending);
	pending = setTimeout(redraw, 150);
});
window.addEventListener('beforeprint', redraw);
}());
