"use strict";
// The page of `rag serve`. Nothing of a document or an answer is ever read as HTML: text goes in as text.

const $ = (id) => document.getElementById(id);
const state = { index: "", view: "ask", turns: [], citations: [], markers: null, at: -1, stop: null, shown: null, from: null, readOnly: false, limits: { upload_bytes: Infinity, upload_files: Infinity }, listed: 0 };

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
const counted = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
const short = (text, most) => { const flat = text.replace(/\s+/g, " ").trim(); return flat.length > most ? `${flat.slice(0, most).replace(/\s+\S*$/, "")} …` : flat; };
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
  const response = await fetch(base, { ...options, headers, body }).catch((error) => {
    throw error.name === "AbortError" ? error : new Refused("The server cannot be reached: is it still running?");
  });
  if (response.status === 401) {
    await askForToken(token ? "This token is not known here" : "This server asks for a token");
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

let asking = null; // one dialog for all requests that wait for the token

function askForToken(why) {
  asking ??= new Promise((done, failed) => {
    $("token-why").textContent = why;
    $("token-form").onsubmit = () => { sessionStorage.setItem("token", $("token").value.trim()); $("token").value = ""; done(); };
    $("token-dialog").oncancel = () => failed(new Refused("Without a token this server shows nothing: load the page again to give one."));
    $("token-dialog").showModal();
  }).finally(() => { asking = null; });
  return asking;
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
  ({ documents: listDocuments, runs: listRuns, traces: listTraces, ask: introduce })[view]();
}

// ------------------------------------------------------------------------------------------------ ask

async function ask(question) {
  if (state.stop) return; // one at a time
  const draft = make("p", { class: "answer" }, make("span", { class: "draft" }, "…"));
  const article = make("article", {}, make("h2", {}, question), draft);
  $("intro")?.remove();
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
    const text = error.name === "AbortError" ? "Stopped." : error.message;
    draft.replaceWith(make("p", { class: "error" }, text));
    say(text);
    if (!$("question").value) $("question").value = question; // to ask again, or otherwise
  } finally {
    $("send").disabled = false; $("stop").hidden = true; state.stop = null;
  }
}

function answered(article, draft, answer) {
  walk(answer, article);
  state.at = -1;
  const asked = article.querySelector("h2").textContent;
  if (answer.question !== asked && !answer.notes.some((note) => note.includes(answer.question))) draft.before(make("p", { class: "small quiet" }, `Understood as: ${answer.question}`));
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
    make("details", {}, make("summary", {}, `${counted(answer.hits.length, "passage")} found`), places(answer.hits)),
    make("details", { class: "explain" }, make("summary", {}, `What each stage did, ${ms(answer.trace.reduce((sum, one) => sum + one.ms, 0))}`), stages(answer.trace)),
    verdicts(answer));
  article.scrollIntoView({ block: "start" });
  state.turns.push({ question: answer.question.slice(0, 4000), answer: answer.text.slice(0, 4000) });
  remember(asked);
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
    onclick: (event) => { walk(answer, event.currentTarget.closest("article")); go(answer.citations.indexOf(citation)); } }, `${marker}`);
}

function places(hits) {
  return make("ul", { class: "places" }, ...hits.map((hit) => make("li", {},
    make("button", { type: "button", onclick: () => open(hit) }, where(hit) + (hit.heading ? ` · ${hit.heading}` : ""), make("span", { class: "score", title: "Higher is nearer to the question" }, `score ${hit.score.toFixed(2)}`),
      make("span", { class: "preview" }, short(hit.text, 160))))));
}

function stages(trace) {
  const longest = Math.max(...trace.map((one) => one.ms), 1);
  return make("table", {}, make("thead", {}, make("tr", {}, ...["Stage", "Came in", "Went out", "Time"].map((name) => make("th", { scope: "col", class: name === "Time" ? "number" : "" }, name)))),
    make("tbody", {}, ...trace.map((one) => make("tr", {}, make("td", {}, `${one.stage} ${one.name}`), make("td", {}, one.came_in), make("td", {}, one.went_out, ...dropped(one.detail)),
      make("td", { class: "number" }, make("meter", { min: 0, max: longest, value: one.ms, "aria-label": `${one.stage} ${one.name}` }), make("span", { class: "ms" }, ms(one.ms)))))));
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

function walk(answer, article) {
  if (state.markers !== article) state.at = -1;
  state.citations = answer.abstained ? [] : answer.citations;
  state.markers = article;
}

function go(at) {
  if (at < 0 || at >= state.citations.length) return;
  state.at = at;
  open(state.citations[at]);
  for (const button of document.querySelectorAll(".marker")) button.setAttribute("aria-pressed", String(state.markers.contains(button) && button.dataset.marker === String(state.citations[at].marker)));
}

async function open({ document_id, start, end }) {
  const span = `start=${start}&end=${end}`;
  if (!$("viewer").contains(document.activeElement)) state.from = document.activeElement;
  try {
    const view = await json(`documents/${encodeURIComponent(document_id)}/view?${span}`);
    state.shown = { ...view, span, page: view.pages[0] || 0, asText: !view.picture, pageCount: 0 };
    $("viewer").hidden = false; $("layout").classList.add("open");
    $("viewer-title").textContent = view.title && view.title !== view.source ? `${view.title} — ${view.source}` : view.source;
    $("as-text").hidden = !view.picture; $("original").hidden = false;
    await draw();
    say(`Source ${view.source}: ${view.marked.slice(0, 300)}`);
    $("sheet").focus({ preventScroll: true });
  } catch (error) {
    say(error.message);
    state.shown = null;
    $("viewer").hidden = false; $("layout").classList.add("open");
    for (const name of ["previous", "next", "as-text", "original"]) $(name).hidden = true;
    $("viewer-title").textContent = "This source cannot be shown"; $("place").textContent = "";
    $("sheet").replaceChildren(make("p", { class: "error" }, error.message));
  }
}

const placed = (shown, at) => (shown.start === shown.end ? at : `${at}, characters ${shown.start.toLocaleString("en")}–${shown.end.toLocaleString("en")}`);

async function draw() {
  const shown = state.shown;
  const paged = shown.picture && !shown.asText;
  $("previous").hidden = $("next").hidden = !paged;
  $("as-text").textContent = paged ? "Text" : "Page";
  if (paged) await drawPages(shown); else drawText(shown);
}

function drawText(shown) {
  $("place").textContent = placed(shown, shown.pages.length ? `Page ${shown.pages[0]}` : `Line ${shown.line}`);
  const lineStart = shown.before.lastIndexOf("\n") + 1;
  const lineEnd = shown.after.indexOf("\n") < 0 ? shown.after.length : shown.after.indexOf("\n");
  const mark = make("mark", {}, shown.marked);
  const around = shown.marked ? "line-of" : "";
  const text = make("pre", {}, shown.before.slice(0, lineStart), make("span", { class: around }, shown.before.slice(lineStart)), mark,
    make("span", { class: around }, shown.after.slice(0, lineEnd)), shown.after.slice(lineEnd));
  const first = shown.start - shown.before.length, last = shown.end + shown.after.length;
  $("sheet").replaceChildren(...(shown.cut_before ? [more("Show what comes before", first, (button, from) => showBefore(shown, text, button, from))] : []), text,
    ...(shown.cut_after ? [more("Show what comes after", last, (button, from) => showAfter(shown, text, button, from))] : []));
  mark.scrollIntoView({ block: "center" });
}

function more(label, from, show) {
  const button = make("button", { type: "button", class: "more" }, label);
  button.onclick = async () => {
    button.disabled = true;
    try { from = await show(button, from); } catch (error) { say(error.message); }
    button.disabled = false;
  };
  return button;
}

async function showBefore(shown, text, button, end) {
  const start = Math.max(0, end - 20000);
  const { marked } = await json(`documents/${encodeURIComponent(shown.id)}/view?start=${start}&end=${end}`);
  const tall = $("sheet").scrollHeight;
  text.prepend(marked);
  $("sheet").scrollBy({ top: $("sheet").scrollHeight - tall, behavior: "instant" });
  if (!start) { button.remove(); $("sheet").focus({ preventScroll: true }); }
  return start;
}

async function showAfter(shown, text, button, start) {
  const rest = await json(`documents/${encodeURIComponent(shown.id)}?offset=${start}`);
  text.append(rest.text);
  if (rest.next_offset === null) { button.remove(); $("sheet").focus({ preventScroll: true }); }
  return rest.next_offset;
}

async function drawPages(shown) {
  const pages = shown.pages.includes(shown.page) ? shown.pages : [shown.page];
  $("place").textContent = placed(shown, `${pages.length > 1 ? "Pages" : "Page"} ${pages.join(" and ")}`);
  const wide = Math.min(2000, Math.round($("sheet").clientWidth * (window.devicePixelRatio || 1)) || 1000);
  const base = (page) => `documents/${encodeURIComponent(shown.id)}/pages/${page}`;
  const figures = [];
  let first = null, exact = true;
  for (const page of pages) {
    const query = `${shown.span}&width=${wide}`;
    const [picture, boxes] = await Promise.all([call(`${base(page)}.png?${query}`), json(`${base(page)}?${query}`)]);
    const image = make("img", { alt: `Page ${page} of ${shown.source}.` + (shown.marked ? ` Marked: ${shown.marked}` : ""), width: boxes.width, height: boxes.height, src: URL.createObjectURL(await picture.blob()) });
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
  if ($("viewer").hidden) return;
  $("viewer").hidden = true; $("layout").classList.remove("open");
  const marker = document.querySelector('.marker[aria-pressed="true"]');
  marker?.setAttribute("aria-pressed", "false");
  const back = [marker, state.from].find((one) => one && one !== document.body && one.isConnected && one.checkVisibility());
  if (back) back.focus(); else if (state.view === "ask") $("question").focus();
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
      make("td", { class: "source" }, make("button", { type: "button", onclick: () => open({ document_id: row.id, start: 0, end: 0 }) }, row.source)),
      make("td", {}, row.title), make("td", { class: "number" }, String(row.chunks)),
      make("td", {}, state.readOnly ? null : make("button", { type: "button", "aria-label": `Remove ${row.source}`, onclick: () => removeDocument(row) }, "Remove"))));
    if (offset) $("rows").append(...rows); else $("rows").replaceChildren(...rows);
    $("count").textContent = found.total || $("filter").value.trim() ? counted(found.total, "document") : state.readOnly ? "No documents yet." : "No documents yet: add some above.";
    $("list").hidden = !found.total;
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
  $("filter").focus(); // the button is gone
}

async function upload(files) {
  if (!files.length) return;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > state.limits.upload_bytes || files.length > state.limits.upload_files) {
    const told = `${counted(files.length, "file")} of ${(size / 2 ** 20).toFixed(1)} MiB together: at most ${state.limits.upload_files} files and ${Math.floor(state.limits.upload_bytes / 2 ** 20)} MiB are taken at once.`;
    $("report").replaceChildren(make("p", { class: "error" }, told)); say(told);
    $("files").value = "";
    return;
  }
  const form = new FormData();
  for (const file of files) form.append("file", file);
  $("progress").hidden = false; $("progress").removeAttribute("value");
  $("report").replaceChildren(); say(`Uploading ${counted(files.length, "file")}`);
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
  say(`${counted(told.length, "document")} stored, ${failed.length} failed`);
}

// -------------------------------------------------------------------------------------------- reports

async function listRuns() {
  try {
    const { runs } = await json("runs");
    const link = (run) => make("a", { href: run.href, target: "_blank", rel: "noopener" }, run.name);
    $("run-list").replaceChildren(runs.length
      ? make("table", {}, make("thead", {}, make("tr", {}, ...["Run", "When", "Questions", "Measures"].map((name) => make("th", { scope: "col", class: name === "Questions" ? "number" : "" }, name)))),
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
  const at = document.activeElement, typing = /^(INPUT|TEXTAREA|SELECT)$/.test(at?.tagName || "");
  const free = !typing || (at === $("question") && !at.value); // an empty box has no use for arrows
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show("ask"); $("question").focus(); }
  else if (event.key === "Escape" && !$("viewer").hidden && !$("token-dialog").open) shut();
  else if (free && !event.altKey && !event.ctrlKey && !event.metaKey && (event.key === "ArrowRight" || event.key === "ArrowLeft") && state.citations.length) { event.preventDefault(); go(Math.min(state.citations.length - 1, Math.max(0, state.at + (event.key === "ArrowRight" ? 1 : -1)))); }
}

// What an empty conversation says.
async function introduce(status) {
  if ($("conversation").querySelector("article")) return;
  const { indexes } = status || await json("/api/status").catch(() => ({ indexes: [] }));
  const index = indexes.find((one) => one.name === state.index);
  if (!index || $("conversation").querySelector("article")) return;
  const told = index.documents === undefined ? "The index is being opened." : index.documents
    ? `Ask about ${counted(index.documents, "document")}. Each sentence of an answer ends in a number that opens its source, the words marked; what the documents do not answer is said so.`
    : state.readOnly ? "There are no documents here yet." : "There are no documents here yet: add some under Documents.";
  $("conversation").replaceChildren(make("p", { class: "quiet", id: "intro" }, told));
  if (index.documents === undefined) setTimeout(introduce, 1000);
}

async function begin() {
  theme(localStorage.getItem("theme") || "system");
  listHistory();
  $("question-form").addEventListener("submit", send);
  $("question").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event); });
  $("stop").addEventListener("click", () => state.stop?.abort());
  $("fresh").addEventListener("click", () => { state.stop?.abort(); state.turns = []; state.citations = []; state.markers = null; shut(); $("conversation").replaceChildren(); introduce(); $("question").focus(); });
  $("history-box").addEventListener("toggle", () => { if ($("history-box").open) $("history-box").scrollIntoView({ block: "start" }); });
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
    state.limits = status.limits;
    $("drop").hidden = status.read_only;
    $("index").append(...status.indexes.map((one) => make("option", { value: one.name }, one.name)));
    $("which").hidden = status.indexes.length < 2;
    $("index").addEventListener("change", () => { state.index = $("index").value; $("fresh").click(); show(state.view); });
    introduce(status);
    fromAddress();
  } catch (error) { say(error.message); $("conversation").append(make("p", { class: "error" }, error.message)); }
  if (!location.hash) $("question").focus();
}

begin();
