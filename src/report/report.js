/* SPDX-License-Identifier: MIT
 * Figures are there without this: it adds reading under the pointer or by arrow keys, one cursor for all plots over operations
 * of a chapter, hiding of arms, and a closer look at one plot. */
(function () {
'use strict';

document.documentElement.classList.add('js');

/* ---- numbers for people, as the tables write them ---- */

function scaled(value, step, units) {
	let unit = 0;
	while (unit + 1 < units.length && Math.abs(value) >= 0.9995 * step) {
		value /= step;
		unit++;
	}
	return String(Number(value.toPrecision(3))) + (units[unit] ? ' ' + units[unit] : '');
}

const formats = {
	ns: value => scaled(value, 1000, ['ns', 'us', 'ms', 's']),
	count: value => scaled(value, 1000, ['', 'k', 'M', 'G', 'T']),
	number: value => scaled(value, 1000, ['', 'k', 'M', 'G', 'T']),
	bytes: value => scaled(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']),
	share: value => String(Number((100 * value).toPrecision(Math.abs(value) > 0.9 && value < 1 ? 7 : 3))) + ' %',
	times: value => String(Number(value.toPrecision(3))) + '\u00d7',
};

/* ---- scales: as draw/scale.c has them ---- */

function scaleOf(text) {
	const [kind, unit, low, high] = text.split(' ').map((word, index) => index < 2 ? word : Number(word));
	const along = {linear: x => x, log: x => Math.log10(x), tail: x => -Math.log10(Math.max(1 - x, 1e-12))}[kind];
	const back = {linear: x => x, log: x => Math.pow(10, x), tail: x => 1 - Math.pow(10, -x)}[kind];
	return {
		kind: kind, unit: unit,
		at: share => back(along(low) + share * (along(high) - along(low))),
		share: value => (along(value) - along(low)) / (along(high) - along(low)),
		text: value => formats[unit](value),
	};
}

/* Points of a path of M, L, H and V. */
function pointsOf(path) {
	const points = [];
	let x = 0, y = 0;
	for (const [, command, first, second] of path.getAttribute('d').matchAll(/([MLHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
		x = command === 'V' ? x : Number(first);
		y = command === 'V' ? Number(first) : command === 'H' ? y : Number(second);
		points.push([x, y]);
	}
	return points;
}

function element(name, text, parent, className) {
	const made = document.createElement(name);
	made.textContent = text;
	if (className)
		made.className = className;
	parent.appendChild(made);
	return made;
}

/* ---- plots ---- */

function open(svg) {
	const [left, top, width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
	/* Points are read when somebody points at them: a page has many. */
	const lines = Array.from(svg.querySelectorAll('.series')).map(series => ({
		series: series, name: series.dataset.name, known: null,
		get points() { return this.known = this.known || Array.from(series.querySelectorAll('.line')).flatMap(pointsOf); },
	}));
	const cursor = document.createElementNS('http://www.w3.org/2000/svg', 'path');
	cursor.setAttribute('class', 'cursor');
	svg.appendChild(cursor);
	const base = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
	for (const [name, value] of [['x', left], ['y', top], ['width', width], ['height', height], ['fill', 'transparent']])
		base.setAttribute(name, value);
	svg.insertBefore(base, svg.firstChild);
	const edges = svg.querySelector('.edges');
	return {svg: svg, x: scaleOf(svg.dataset.x), y: scaleOf(svg.dataset.y), box: {left, top, width, height}, lines: lines,
		edges: edges && edges.textContent.split(' ').map(Number), cursor: cursor, figure: svg.closest('figure')};
}

function nearest(points, x) {
	return points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);
}

/* Columns of a map are not all as wide. */
function pageAt(plot, x) {
	const column = Math.floor((x - plot.box.left) / plot.box.width * (plot.edges.length - 1));
	return plot.edges[Math.max(0, Math.min(column, plot.edges.length - 2))];
}

function tell(plot, x, y) {
	const line = plot.figure.querySelector('.readout');
	line.textContent = '';
	element('span', plot.svg.dataset.key, line);
	const value = plot.edges ? pageAt(plot, x) : plot.x.at((x - plot.box.left) / plot.box.width);
	element('span', (plot.edges ? 'page ' : '') + plot.x.text(value), line);
	if (!plot.lines.length && y !== null)
		element('b', plot.y.text(plot.y.at(1 - (y - plot.box.top) / plot.box.height)), line);
	for (const one of plot.lines) {
		if (one.series.classList.contains('hidden'))
			continue;
		if (!one.points.length)
			continue;
		const part = element('span', one.name + ' ', line);
		const point = nearest(one.points, x);
		element('b', plot.y.text(plot.y.at(1 - (point[1] - plot.box.top) / plot.box.height)), part);
	}
}

function show(plot, x) {
	const inside = x >= plot.box.left && x <= plot.box.left + plot.box.width;
	plot.cursor.setAttribute('d', inside ? 'M' + x + ' ' + plot.box.top + 'v' + plot.box.height : '');
	plot.at = x;
}

function hide(plots) {
	plots.forEach(plot => plot.cursor.setAttribute('d', ''));
}

/* All plots of a chapter with the same unit along x have one cursor. */
function point(plots, plot, x, y) {
	const value = plot.x.at((x - plot.box.left) / plot.box.width);
	for (const other of plots)
		if (other === plot || (other.lines.length && plot.lines.length && other.x.kind === plot.x.kind && other.x.unit === plot.x.unit))
			show(other, other.box.left + other.x.share(value) * other.box.width);
	tell(plot, x, y);
}

function zoom(plot) {
	const whole = plot.svg.parentNode.closest('svg'), state = whole.dataset.whole;
	if (whole.classList.contains('piece')) {
		if (whole.classList.toggle('whole'))
			whole.dataset.whole = 'yes';
		else
			delete whole.dataset.whole;
		return;
	}
	if (state) {
		whole.setAttribute('viewBox', state);
		delete whole.dataset.whole;
		return;
	}
	whole.dataset.whole = whole.getAttribute('viewBox');
	whole.setAttribute('viewBox', [plot.box.left - 72, plot.box.top - 36, plot.box.width + 220, plot.box.height + 84].join(' '));
}

function listen(plots, plot) {
	plot.svg.addEventListener('pointermove', event => {
		const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.svg.getScreenCTM().inverse());
		point(plots, plot, at.x, at.y);
	});
	plot.svg.addEventListener('pointerleave', () => hide(plots));
	plot.svg.addEventListener('dblclick', () => zoom(plot));
}

/* Arrows move the cursor of the first plot of a figure; the others follow. Enter looks closer, Escape goes back. */
function keys(plots, figure) {
	const first = plots.find(plot => plot.figure === figure && plot.lines.length);
	if (!first)
		return;
	figure.querySelector('.scroll').addEventListener('keydown', event => {
		const step = {ArrowLeft: -0.01, ArrowRight: 0.01}[event.key];
		const whole = first.svg.parentNode.closest('svg');
		if (step) {
			const x = (first.at === undefined ? first.box.left : first.at) + step * first.box.width;
			point(plots, first, Math.min(Math.max(x, first.box.left), first.box.left + first.box.width), null);
			event.preventDefault();
		} else if (event.key === 'Enter' || (event.key === 'Escape' && whole.dataset.whole)) {
			zoom(first);
		}
	});
}

/* ---- hiding arms ---- */

function legend(section, plots) {
	const names = Array.from(new Set(plots.flatMap(plot => plot.lines.map(line => line.name))));
	const before = section.querySelector('figure.chart');
	if (names.length < 2 || !before)
		return;
	const place = document.createElement('div');
	place.className = 'legend';
	before.parentNode.insertBefore(place, before);
	for (const name of names) {
		const button = element('button', name, place);
		button.type = 'button';
		button.setAttribute('aria-pressed', 'true');
		button.addEventListener('click', () => {
			const hidden = button.getAttribute('aria-pressed') === 'true';
			button.setAttribute('aria-pressed', String(!hidden));
			for (const series of section.querySelectorAll('.series'))
				if (series.dataset.name === name)
					series.classList.toggle('hidden', hidden);
		});
	}
}

function build(section) {
	const plots = Array.from(section.querySelectorAll('svg.plot')).map(open);
	plots.forEach(plot => listen(plots, plot));
	section.querySelectorAll('figure.chart').forEach(figure => keys(plots, figure));
	legend(section, plots);
}

document.querySelectorAll('section').forEach(build);
}());
