/* SPDX-License-Identifier: MIT
 * The first chapters of the page: what to take, and how far to trust it. */
#include "report/html.h"

#include "draw/draw.h"
#include "report/trust.h"
#include "report/verdict.h"

#include <assert.h>
#include <string.h>

static void add_choice(const struct report_view *view, size_t workload, const char *between, struct text *html)
{
	const struct verdict *verdict = &view->verdicts[workload];
	struct text take = {0}, why = {0};
	size_t arm = verdict_taken_alone(verdict);
	verdict_take(view, verdict, &take);
	verdict_why(view, verdict, &why);
	text_add(html, "<strong>");
	if (arm != SIZE_MAX)
		text_add(html, "<i class=\"chip a%zu\"></i>", view->color[arm] % DRAW_COLORS);
	text_add_html(html, take.failed ? "" : take.bytes);
	text_add(html, "</strong>%s", between);
	text_add_html(html, why.failed ? "" : why.bytes);
	html->failed |= take.failed || why.failed;
	text_release(&take);
	text_release(&why);
}

void html_choice(const struct report_view *view, size_t workload, struct text *html)
{
	assert(workload < view->result->workload_count);
	add_choice(view, workload, ": ", html);
}

static void add_choices(const struct report_view *view, struct text *html)
{
	text_add(html,
		 "<div class=\"scroll\"><table class=\"choices\"><thead><tr><th scope=\"col\">workload</th>"
		 "<th scope=\"col\">verdict</th><th scope=\"col\">why, and at what price (in brackets: the others)</th>"
		 "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < view->result->workload_count; i++) {
		text_add(html, "<tr><th scope=\"row\"><a href=\"#w%zu\">", i);
		html_label(&view->result->workloads[i], html);
		text_add(html, "</a></th><td>");
		add_choice(view, i, "</td><td>", html);
		text_add(html, "</td></tr>\n");
	}
	text_add(html, "</tbody></table></div>\n");
}

static void add_doubts(const struct report_view *view, struct text *html)
{
	struct text doubt = {0};
	bool begun = false;
	for (size_t at = 0; trust_doubt(view, &at, &doubt); text_release(&doubt)) {
		text_add(html, "%s",
			 begun ? "; " : "<p class=\"doubts\" role=\"alert\"><strong>Times mean little here:</strong> ");
		text_add_html(html, doubt.failed ? "" : doubt.bytes);
		html->failed |= doubt.failed;
		begun = true;
	}
	text_add(html, "%s", begun ? "</p>\n" : "");
}

/* The first sentence by itself, all others below the table. */
static void add_sentences(const struct report_view *view, struct text *first, struct text *rest)
{
	struct text sentence = {0};
	for (size_t at = 0; verdict_whole(view, &at, &sentence); text_release(&sentence)) {
		struct text *html = first->length ? rest : first;
		text_add(html, "%s",
			 html->length   ? "<br>\n"
			 : html == rest ? "<p class=\"reasons\">"
					: "<p class=\"whole\"><strong>");
		text_add_html(html, sentence.failed ? "" : sentence.bytes);
		html->failed |= sentence.failed;
	}
	text_add(first, "%s", first->length ? "</strong></p>\n" : "");
	text_add(rest, "%s", rest->length ? "</p>\n" : "");
}

void html_verdict(const struct report_view *view, struct text *html)
{
	struct text first = {0}, rest = {0};
	text_add(html, "<section class=\"verdict\"><h2>Verdict</h2>\n");
	add_doubts(view, html);
	add_sentences(view, &first, &rest);
	if (first.length)
		text_add_bytes(html, first.bytes, first.length);
	add_choices(view, html);
	if (rest.length)
		text_add_bytes(html, rest.bytes, rest.length);
	html->failed |= first.failed || rest.failed;
	text_release(&first);
	text_release(&rest);
	html_figure(view, REPORT_PLOT_FOREST, html);
	text_add(html, "</section>\n");
}

static void add_warnings(const struct report_view *view, struct text *html)
{
	struct text warning = {0};
	bool begun = false;
	for (size_t at = 0; trust_warning(view, &at, &warning); text_release(&warning)) {
		text_add(html, "%s<li>", begun ? "" : "<aside class=\"warnings\"><strong>Read with care</strong><ul>\n");
		text_add_html(html, warning.failed ? "" : warning.bytes);
		text_add(html, "</li>\n");
		html->failed |= warning.failed;
		begun = true;
	}
	text_add(html, "%s", begun ? "</ul></aside>\n" : "");
}

void html_trust(const struct report_view *view, struct text *html)
{
	struct text fact = {0};
	const char *name;
	text_add(html, "<section class=\"trust\"><h2>How far to trust it</h2>\n");
	add_doubts(view, html);
	add_warnings(view, html);
	text_add(html, "<dl class=\"facts\">\n");
	for (size_t at = 0; trust_fact(view, &at, &name, &fact); text_release(&fact)) {
		text_add(html, "<div%s><dt>%s</dt><dd>", strcmp(name, "Command") == 0 ? " class=\"wide\"" : "", name);
		text_add_html(html, fact.failed ? "" : fact.bytes);
		text_add(html, "</dd></div>\n");
		html->failed |= fact.failed;
	}
	text_add(html, "</dl>\n</section>\n");
}
