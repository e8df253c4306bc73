"use strict";
// The page of `rag serve`. Nothing of a document or an answer is ever read as HTML: text goes in as text.

const $ = (id) => document.getElementById(id);
const state = { index: "", view: "ask", turns: [], citations: [], at: -1, stop: null, shown: null, readOnly: false, listed: 0 };

function make(name, values = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(values)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const say = (text) => { $("status").textContent = text; };
const ms = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`);
const where = (one) => one.source + (one.page ? `, p. ${one.page}` : "");

// ------------------------------------------------------------------------------------------- requests

class Refused extends Error {}

async function call(path, options = {}) {
  const base = path.startsWith("/") ? path : `/api/indexes/${encodeURIComponent(state.index)}/${path}`;
  const headers = { ...(options.headers || {}) };
  const token = sessionStorage.getItem("token");
  if (token) headers.authorization = `Bearer ${token}`;
  if (options.json !== undefined) headers["content-type"] = "application/json";
  const body = options.json !== undefined ? JSON.stringify(options.json) : options.body;
  const response = await fetch(base, { ...options, headers, body });
  if (response.status === 401) {
    await askForToken();
    return call(path, options);
  }
  if (!response.ok) {
    let message = `${response.status}`;
    try { message = (await response.json()).error.message; } catch { /* no JSON: the status has to do */ }
    throw new Refused(message);
  }
  return response;
}

const json = async (path, options) => (await call(path, options)).json();

function askForToken() {
  return new Promise((done) => {
    $("token-dialog").showModal();
    $("token-form").onsubmit = () => { sessionStorage.setItem("token", $("token").value.trim()); $("token").value = ""; done(); };
  });
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    for (let end; (end = buffer.indexOf("\n\n")) >= 0; buffer = buffer.slice(end + 2)) {
      const block = buffer.slice(0, end).split("\n");
      const kind = block.find((line) => line.startsWith("event: "));
      const data = block.find((line) => line.startsWith("data: "));
      if (kind && data) yield [kind.slice(7), JSON.parse(data.slice(6))];
    }
  }
}

// ---------------------------------------------------------------------------------------------- views

function show(view) {
  state.view = view;
  for (const name of ["ask", "documents", "runs", "traces"]) $(name).hidden = name !== view;
  for (const button of document.querySelectorAll("nav button")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  ({ documents: listDocuments, runs: listRuns, traces: listTraces, ask: () => {} })[view]();
}

// ------------------------------------------------------------------------------------------------ ask

async function ask(question) {
  const draft = make("p", { class: "answer" }, make("span", { class: "draft" }, "…"));
  const article = make("article", {}, make("h2", {}, question), draft);
  $("conversation").append(article);
  article.scrollIntoView({ block: "nearest" });
  say("Looking for an answer");
  state.stop = new AbortController();
  $("send").disabled = true; $("stop").hidden = false;
  let written = "";
  try {
    const body = { question, where: $("where").value.trim() || null, history: state.turns.slice(-12) };
    const response = await call("ask", { method: "POST", json: body, headers: { accept: "text/event-stream" }, signal: state.stop.signal });
    for await (const [kind, value] of events(response)) {
      if (kind === "hits") draft.firstChild.textContent = `reading ${value.hits.length} passages …`;
      else if (kind === "text") draft.firstChild.textContent = (written += value.text);
      else if (kind === "answer") answered(article, draft, value);
      else if (kind === "error") throw new Refused(value.message);
    }
  } catch (error) {
    const text = error.name === "AbortError" ? "stopped" : error.message;
    draft.replaceWith(make("p", { class: "error" }, text));
    say(text);
  } finally {
    $("send").disabled = false; $("stop").hidden = true; state.stop = null;
  }
}

function answered(article, draft, answer) {
  state.citations = answer.abstained ? [] : answer.citations;
  state.at = -1;
  article.querySelector("h2").textContent = answer.question;
  if (answer.abstained) {
    draft.replaceWith(make("div", { class: "abstained answer" }, make("strong", {}, answer.text),
      make("p", { class: "small" }, `Confidence that the sources answer this: ${Math.round(answer.confidence * 100)} %. Nearest passages:`),
      places(answer.hits.slice(0, 3))));
  } else {
    const text = make("div", { class: "answer" });
    for (const sentence of answer.sentences) {
      const line = make("p", {}, ...emphasised(sentence.text, answer.span));
      for (const marker of sentence.markers) line.append(markerOf(answer, marker, sentence));
      text.append(line);
    }
    if (!answer.sentences.length) text.append(make("p", {}, answer.text));
    draft.replaceWith(text);
  }
  for (const note of answer.notes) article.append(make("p", { class: "note" }, note));
  article.append(
    make("details", {}, make("summary", {}, `${answer.hits.length} passages found`), places(answer.hits)),
    make("details", { class: "explain" }, make("summary", {}, `What each stage did, ${ms(answer.trace.reduce((sum, one) => sum + one.ms, 0))}`), stages(answer.trace)),
    verdicts(answer));
  article.scrollIntoView({ block: "start" });
  state.turns.push({ question: answer.question.slice(0, 4000), answer: answer.text.slice(0, 4000) });
  remember(answer.question);
  say(answer.abstained ? `No answer in the sources. ${answer.text}` : answer.text);
}

function emphasised(text, span) {
  const at = span ? text.indexOf(span.quote) : -1;
  return at < 0 ? [text] : [text.slice(0, at), make("b", {}, span.quote), text.slice(at + span.quote.length)];
}

function markerOf(answer, marker, sentence) {
  const citation = answer.citations.find((one) => one.marker === marker);
  if (!citation) return null;
  const title = `${where(citation)} — support ${Math.round(sentence.support * 100)} %`;
  return make("button", { type: "button", class: "marker", title, "aria-pressed": "false", "aria-label": `Source ${marker}: ${where(citation)}`, "data-marker": marker,
    onclick: () => { state.citations = answer.citations; go(answer.citations.indexOf(citation)); } }, `${marker}`);
}

function places(hits) {
  return make("ul", { class: "places" }, ...hits.map((hit) => make("li", {},
    make("button", { type: "button", onclick: () => open({ ...hit, document_id: hit.document_id }) }, where(hit) + (hit.heading ? ` · ${hit.heading}` : "") + ` · ${hit.score.toFixed(3)}`,
      make("span", { class: "preview" }, hit.text.replace(/\s+/g, " ").slice(0, 160))))));
}

function stages(trace) {
  const longest = Math.max(...trace.map((one) => one.ms), 1);
  return make("table", {}, make("thead", {}, make("tr", {}, ...["Stage", "Came in", "Went out", "Time"].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...trace.map((one) => make("tr", {}, make("td", {}, `${one.stage} ${one.name}`), make("td", {}, one.came_in), make("td", {}, one.went_out, ...dropped(one.detail)),
      make("td", { class: "number" }, make("meter", { min: 0, max: longest, value: one.ms, "aria-label": `${one.stage} ${one.name}` }), ` ${ms(one.ms)}`)))));
}

const dropped = (detail) => (detail.dropped || []).map((row) => make("div", { class: "small quiet" }, `dropped ${row.source}: ${row.why}`));

function verdicts(answer) {
  if (state.readOnly) return null;
  const row = make("p", { class: "row small quiet" }, answer.abstained ? "Do the documents answer this?" : "Was this right?");
  const shown = answer.abstained ? {} : { answer: answer.sentences.map((one) => one.text).join(" ").slice(0, 4000), short: answer.span ? answer.span.quote.slice(0, 4000) : "",
    chunks: [...new Set(answer.citations.map((one) => one.chunk_id))] };
  const send = async (verdict, more) => {
    try {
      await call("feedback", { method: "POST", json: { question: answer.question, verdict, ...more } });
      row.textContent = verdict === "correction" ? "Thank you: your note answers this question from now on." : "Thank you: kept beside the index.";
      say(row.textContent);
    } catch (error) { row.textContent = error.message; say(error.message); }
  };
  const correct = () => {
    const right = make("input", { maxlength: 4000, "aria-label": "What is right", placeholder: "What is right?", autocomplete: "off" });
    const form = make("form", { class: "row", onsubmit: (event) => { event.preventDefault(); if (right.value.trim()) send("correction", { correction: right.value.trim() }); } },
      right, make("button", { type: "submit" }, "Correct it"), make("button", { type: "button", onclick: () => send("bad", shown) }, "Only say that it is wrong"));
    row.replaceChildren(form); right.focus();
  };
  if (!answer.abstained) row.append(make("button", { type: "button", onclick: () => send("good", shown) }, "Yes"));
  row.append(make("button", { type: "button", onclick: correct }, answer.abstained ? "Yes" : "No"));
  return row;
}

// --------------------------------------------------------------------------------------------- viewer

function go(at) {
  if (at < 0 || at >= state.citations.length) return;
  state.at = at;
  open(state.citations[at]);
  for (const button of document.querySelectorAll(".marker")) button.setAttribute("aria-pressed", String(button.dataset.marker === String(state.citations[at].marker) && button.closest("article") === $("conversation").lastElementChild));
}

async function open({ document_id, start, end }) {
  const span = `start=${start}&end=${end}`;
  try {
    const view = await json(`documents/${encodeURIComponent(document_id)}/view?${span}`);
    state.shown = { ...view, span, page: view.pages[0] || 0, asText: !view.picture, pageCount: 0 };
    $("viewer").hidden = false; $("layout").classList.add("open");
    $("viewer-title").textContent = view.title && view.title !== view.source ? `${view.title} — ${view.source}` : view.source;
    $("as-text").hidden = !view.picture; $("original").hidden = false;
    await draw();
    say(`Source ${view.source}: ${view.marked.slice(0, 300)}`);
    $("sheet").focus({ preventScroll: true });
  } catch (error) { say(error.message); $("viewer").hidden = false; $("layout").classList.add("open"); $("sheet").replaceChildren(make("p", { class: "error" }, error.message)); }
}

async function draw() {
  const shown = state.shown;
  const paged = shown.picture && !shown.asText;
  $("previous").hidden = $("next").hidden = !paged;
  $("as-text").textContent = paged ? "Text" : "Page";
  if (paged) await drawPages(shown); else drawText(shown);
}

function drawText(shown) {
  $("place").textContent = (shown.pages.length ? `Page ${shown.pages[0]}, ` : `Line ${shown.line}, `) + `characters ${shown.start}–${shown.end}`;
  const lineStart = shown.before.lastIndexOf("\n") + 1;
  const lineEnd = shown.after.indexOf("\n") < 0 ? shown.after.length : shown.after.indexOf("\n");
  const mark = make("mark", {}, shown.marked);
  $("sheet").replaceChildren(make("pre", {}, (shown.cut_before ? "…" : "") + shown.before.slice(0, lineStart),
    make("span", { class: "line-of" }, shown.before.slice(lineStart)), mark, make("span", { class: "line-of" }, shown.after.slice(0, lineEnd)), shown.after.slice(lineEnd) + (shown.cut_after ? "…" : "")));
  mark.scrollIntoView({ block: "center" });
}

async function drawPages(shown) {
  const pages = shown.pages.includes(shown.page) ? shown.pages : [shown.page];
  $("place").textContent = `Page ${pages.join(" and ")}, characters ${shown.start}–${shown.end}`;
  const wide = Math.min(2000, Math.round($("sheet").clientWidth * (window.devicePixelRatio || 1)) || 1000);
  const base = (page) => `documents/${encodeURIComponent(shown.id)}/pages/${page}`;
  const figures = [];
  let first = null, exact = true;
  for (const page of pages) {
    const query = `${shown.span}&width=${wide}`;
    const [picture, boxes] = await Promise.all([call(`${base(page)}.png?${query}`), json(`${base(page)}?${query}`)]);
    const image = make("img", { alt: `Page ${page} of ${shown.source}. Marked: ${shown.marked}`, width: boxes.width, height: boxes.height, src: URL.createObjectURL(await picture.blob()) });
    image.dataset.boxes = JSON.stringify(boxes.boxes);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    await image.decode().catch(() => {});
    figures.push(make("figure", {}, image));
    exact = exact && boxes.exact;
    if (!first && boxes.boxes.length) first = [image, boxes.boxes[0][1] / boxes.height];
  }
  if (state.shown !== shown) return;
  $("sheet").replaceChildren(...figures);
  if (!exact) $("place").append(" · marked only in part: the text view has the exact words");
  if (first) $("sheet").scrollTop = first[0].offsetTop - $("sheet").offsetTop + first[1] * first[0].clientHeight - $("sheet").clientHeight / 3;
}

async function turn(by) {
  const shown = state.shown;
  const page = shown.page + by;
  if (page < 1) return;
  try { state.shown = { ...shown, page }; await draw(); }
  catch { state.shown = shown; await draw(); say("There is no such page"); }
}

function shut() {
  $("viewer").hidden = true; $("layout").classList.remove("open");
  for (const button of document.querySelectorAll('.marker[aria-pressed="true"]')) { button.setAttribute("aria-pressed", "false"); button.focus(); }
}

async function download() {
  try {
    const blob = await (await call(`documents/${encodeURIComponent(state.shown.id)}/source`)).blob();
    const link = make("a", { href: URL.createObjectURL(blob), download: state.shown.source.split("/").pop() });
    link.click(); URL.revokeObjectURL(link.href);
  } catch (error) { say(error.message); $("place").textContent = error.message; }
}

// ------------------------------------------------------------------------------------------ documents

async function listDocuments(offset = 0) {
  const asked = ++state.listed;
  try {
    const found = await json(`documents?q=${encodeURIComponent($("filter").value.trim())}&offset=${offset}`);
    if (asked !== state.listed) return; // another list was asked for meanwhile
    const rows = found.documents.map((row) => make("tr", {},
      make("td", {}, make("button", { type: "button", onclick: () => open({ document_id: row.id, start: 0, end: 0 }) }, row.source)),
      make("td", {}, row.title), make("td", { class: "number" }, String(row.chunks)),
      make("td", {}, state.readOnly ? null : make("button", { type: "button", "aria-label": `Remove ${row.source}`, onclick: () => removeDocument(row) }, "Remove"))));
    if (offset) $("rows").append(...rows); else $("rows").replaceChildren(...rows);
    $("count").textContent = `${found.total} documents`;
    $("more").hidden = found.next_offset === null;
    $("more").onclick = () => listDocuments(found.next_offset);
  } catch (error) { $("count").textContent = error.message; }
}

async function removeDocument(row) {
  if (!window.confirm(`Remove ${row.source}?`)) return;
  try {
    const done = await json(`documents/${encodeURIComponent(row.id)}`, { method: "DELETE" });
    say(`Removed ${done.removed.join(", ")}`);
    if (done.file_stays) $("report").replaceChildren(make("p", { class: "note" }, `The file of ${row.source} is still in its folder: the next ingest brings it back.`));
  } catch (error) { say(error.message); $("report").replaceChildren(make("p", { class: "error" }, error.message)); }
  await listDocuments();
}

async function upload(files) {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("file", file);
  $("progress").hidden = false; $("progress").removeAttribute("value");
  $("report").replaceChildren(); say(`Uploading ${files.length} files`);
  try {
    const response = await call("documents", { method: "POST", body: form, headers: { accept: "text/event-stream" } });
    for await (const [kind, value] of events(response)) {
      if (kind === "progress" && value.total) { $("progress").max = value.total; $("progress").value = value.done; }
      else if (kind === "report") reported(value);
      else if (kind === "error") throw new Refused(value.message);
    }
  } catch (error) { $("report").replaceChildren(make("p", { class: "error" }, error.message)); say(error.message); }
  $("progress").hidden = true; $("files").value = "";
  await listDocuments();
}

function reported(report) {
  const told = ["added", "updated"].flatMap((name) => report[name].map((source) => make("li", {}, `${name}: ${source}`)));
  const failed = report.failed.map((row) => make("li", { class: "error" }, `failed: ${row.source} — ${row.reason}`));
  const rest = [...report.skipped, ...report.warnings].map((row) => make("li", { class: "note" }, `${row.source} — ${row.reason}`));
  const same = report.unchanged ? [make("li", {}, `${report.unchanged} unchanged`)] : [];
  $("report").replaceChildren(make("ul", {}, ...told, ...same, ...failed, ...rest));
  say(`${told.length} documents stored, ${failed.length} failed`);
}

// -------------------------------------------------------------------------------------------- reports

async function listRuns() {
  try {
    const { runs } = await json("runs");
    const link = (run) => make("a", { href: run.href, target: "_blank", rel: "noopener" }, run.name);
    $("run-list").replaceChildren(runs.length
      ? make("table", {}, make("thead", {}, make("tr", {}, ...["Run", "When", "Questions", "Measures"].map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...runs.map((run) => make("tr", {}, make("td", {}, link(run)), make("td", {}, new Date(run.at * 1000).toLocaleString()), make("td", { class: "number" }, String(run.questions)),
          make("td", { class: "small" }, Object.entries(run.measures).map(([name, value]) => `${name} ${value.mean.toFixed(3)}`).join(" · "))))))
      : make("p", {}, "None yet: rag eval QUESTIONS writes them beside the index."));
  } catch (error) { $("run-list").replaceChildren(make("p", { class: "error" }, error.message)); }
}

async function listTraces() {
  try {
    const { traces } = await json("traces");
    $("trace-list").replaceChildren(...(traces.length ? traces.map((one) => make("details", {},
      make("summary", {}, `${new Date(one.at * 1000).toLocaleTimeString()} · ${ms(one.ms)} · ${one.abstained ? "abstained" : "answered"} · ${one.question}`), stages(one.stages)))
      : [make("p", {}, "Nothing was asked since the server started.")]));
  } catch (error) { $("trace-list").replaceChildren(make("p", { class: "error" }, error.message)); }
}

// --------------------------------------------------------------------------- history, theme, beginning

const kept = () => { try { return JSON.parse(localStorage.getItem("asked")) || []; } catch { return []; } };

function remember(question) {
  localStorage.setItem("asked", JSON.stringify([question, ...kept().filter((one) => one !== question)].slice(0, 50)));
  listHistory();
}

function listHistory() {
  $("history").replaceChildren(...kept().map((question) => make("li", {}, make("button", { type: "button", onclick: () => ask(question) }, question))));
  $("history-box").hidden = !kept().length;
}

function theme(name) {
  if (name === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = name;
  $("theme").textContent = `Theme: ${name}`;
  localStorage.setItem("theme", name);
}

function fromAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1).replace(/(#|:~:).*$/, "")); // clients may add #:~:text=
  if (wanted.get("document")) {
    if (wanted.get("index")) { state.index = wanted.get("index"); $("index").value = state.index; }
    open({ document_id: wanted.get("document"), start: Number(wanted.get("start")) || 0, end: Number(wanted.get("end")) || 0 });
  }
}

function send(event) {
  event?.preventDefault();
  const question = $("question").value.trim();
  if (!question || state.stop) return;
  $("question").value = "";
  ask(question);
}

function keys(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName || "");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show("ask"); $("question").focus(); }
  else if (event.key === "Escape" && !$("viewer").hidden && !$("token-dialog").open) shut();
  else if (!typing && (event.key === "ArrowRight" || event.key === "ArrowLeft") && state.citations.length) { event.preventDefault(); go(Math.min(state.citations.length - 1, Math.max(0, state.at + (event.key === "ArrowRight" ? 1 : -1)))); }
}

async function begin() {
  theme(localStorage.getItem("theme") || "system");
  listHistory();
  $("question-form").addEventListener("submit", send);
  $("question").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event); });
  $("stop").addEventListener("click", () => state.stop?.abort());
  $("fresh").addEventListener("click", () => { state.turns = []; state.citations = []; $("conversation").replaceChildren(); shut(); $("question").focus(); });
  $("forget").addEventListener("click", () => { localStorage.removeItem("asked"); listHistory(); });
  $("theme").addEventListener("click", () => { const names = ["system", "light", "dark"]; theme(names[(names.indexOf(localStorage.getItem("theme") || "system") + 1) % 3]); });
  $("close").addEventListener("click", shut);
  $("as-text").addEventListener("click", () => { state.shown.asText = !state.shown.asText; draw(); });
  $("previous").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("original").addEventListener("click", download);
  $("filter").addEventListener("input", () => listDocuments());
  $("files").addEventListener("change", () => upload([...$("files").files]));
  $("drop").addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
  $("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
  $("drop").addEventListener("drop", (event) => { event.preventDefault(); $("drop").classList.remove("over"); upload([...event.dataTransfer.files]); });
  for (const button of document.querySelectorAll("nav button")) button.addEventListener("click", () => show(button.dataset.view));
  document.addEventListener("keydown", keys);
  window.addEventListener("hashchange", fromAddress);
  try {
    const status = await json("/api/status");
    state.index = status.indexes[0].name;
    state.readOnly = status.read_only;
    $("drop").hidden = status.read_only;
    $("index").append(...status.indexes.map((one) => make("option", { value: one.name }, one.name)));
    $("which").hidden = status.indexes.length < 2;
    $("index").addEventListener("change", () => { state.index = $("index").value; $("fresh").click(); show(state.view); });
    fromAddress();
  } catch (error) { say(error.message); $("conversation").append(make("p", { class: "error" }, error.message)); }
  if (!location.hash) $("question").focus();
}

begin();
