"use strict";
// The page of `rag serve` in a real Chromium, over a real server: what a person does, and what a hostile document tries.

const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
const { spawn, execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const ROOT = path.resolve(__dirname, "../../..");
const PYTHON = process.env.PYTHON || path.join(ROOT, ".venv/bin/python");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = process.env.PICTURES; // a folder to put screenshots into
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rag-page-"));
let server, url, browser, context, page;
const problems = [];

before(async () => {
  const env = { ...process.env, PYTHONPATH: ROOT, PYTHONUNBUFFERED: "1" };
  execFileSync(PYTHON, ["-m", "tests.serve.web.make_corpus", path.join(folder, "corpus")], { cwd: ROOT, env });
  server = spawn(PYTHON, ["-c", "from rag.cli import main; main()", "serve", "--port", "0"], { cwd: path.join(folder, "corpus"), env, stdio: ["ignore", "pipe", "ignore"] });
  url = await new Promise((done) => readline.createInterface({ input: server.stdout }).once("line", done));
  for (let tries = 0; tries < 600; tries++) {
    if ((await fetch(`${url}/ready`)).ok) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  context = await browser.newContext({ viewport: { width: 1360, height: 860 } });
  page = await context.newPage();
  page.setDefaultTimeout(60000);
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error" && !/40[0-9]|422/.test(message.text())) problems.push(`console: ${message.text()}`); });
  page.on("dialog", (dialog) => { if (dialog.type() === "confirm") dialog.accept(); else { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); } });
  page.on("request", (request) => { if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) problems.push(`outside: ${request.url()}`); });
  await page.goto(url);
});

after(async () => {
  await browser?.close();
  server?.kill();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function ask(question) {
  const number = await page.locator("article").count();
  await page.keyboard.press("Escape");
  await page.locator('nav button[data-view="ask"]').click();
  await page.fill("#question", question);
  await page.keyboard.press("Enter");
  const article = page.locator("article").nth(number);
  await article.locator(".explain, .error").first().waitFor();
  return article;
}

async function shot(name) {
  if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
}

async function accessible(where) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(", ")}`), [], where);
}

test("a question is answered, sentence by sentence, each with its source", async () => {
  const article = await ask("How long does a session last?");
  assert.match(await article.locator(".answer").innerText(), /A session lasts thirty minutes\.\s*1/);
  assert.equal(await article.locator(".marker").count(), 1);
  await article.locator(".explain summary").click();
  assert.match(await article.locator(".explain").innerText(), /retrieve hybrid/);
  await shot("ask");
  await accessible("ask");
});

test("a click opens the text with the very words marked", async () => {
  await page.locator("article").last().locator(".marker").click();
  await page.locator("#sheet mark").waitFor();
  assert.equal(await page.locator("#sheet mark").innerText(), "A session lasts thirty minutes.");
  await accessible("viewer");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#viewer").isHidden(), true);
});

test("a PDF is shown as its page, and the marked rectangle covers the quoted words", async () => {
  const article = await ask("How much was the lighthouse keeper paid?");
  await article.locator(".marker").first().click();
  const image = page.locator("#sheet img").first();
  await image.waitFor();
  const found = await image.evaluate(async (element) => {
    await element.decode();
    const canvas = document.createElement("canvas");
    canvas.width = element.naturalWidth; canvas.height = element.naturalHeight;
    const pen = canvas.getContext("2d");
    pen.drawImage(element, 0, 0);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const boxes = JSON.parse(element.dataset.boxes);
    let outside = 0, inside = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === 255 && data[at + 1] === 219 && data[at + 2] === 71) {
        const x = (at / 4) % canvas.width, y = Math.floor(at / 4 / canvas.width);
        if (boxes.some(([left, top, right, bottom]) => x >= left - 2 && x <= right + 2 && y >= top - 2 && y <= bottom + 2)) inside++;
        else outside++;
      }
    }
    return { boxes, outside, inside, alt: element.alt, width: canvas.width };
  });
  assert.equal(found.outside, 0);
  assert.ok(found.inside > 500, `${found.inside} marked pixels`);
  assert.match(found.alt, /paid forty crowns/);
  const [left, top, , bottom] = found.boxes[0].map((side) => (side * 612) / found.width);
  assert.ok(Math.abs(left - 72) < 2, `begins at ${left}`);
  assert.ok(top < 92 && bottom > 91, `stands from ${top} to ${bottom}`);
  await shot("pdf");
  await page.locator("#as-text").click();
  assert.match(await page.locator("#sheet mark").innerText(), /forty crowns/);
});

test("a table is shown with its row marked", async () => {
  const article = await ask("Who is the mayor of Neustadt?");
  await article.locator(".marker").first().click();
  await page.locator("#sheet mark").waitFor();
  assert.equal(await page.locator("#sheet mark").innerText(), "Neustadt,48230,Karl Stein");
  await shot("table");
});

test("what the sources do not answer is said, with the nearest passages", async () => {
  const article = await ask("Which team won the championship in Lisbon last Sunday?");
  assert.match(await article.locator(".abstained").innerText(), /do not answer/);
  assert.ok((await article.locator(".abstained .places button").count()) > 0);
  await shot("abstain");
});

test("arrows go from source to source and / goes to the question", async () => {
  await ask("How long does a session last?");
  await page.locator("main").click({ position: { x: 5, y: 5 } });
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("ArrowRight");
  await page.locator("#sheet mark, #sheet img").first().waitFor();
  assert.equal(await page.locator('.marker[aria-pressed="true"]').count(), 1);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "question");
});

test("German and Chinese text is shown as it is", async () => {
  const article = await ask("Wann läuft die Sicherung?");
  assert.match(await article.innerText(), /Sicherung läuft jede Nacht|备份/);
});

test("nothing in a name, a title, a text or a question is ever run", async () => {
  const article = await ask('What is the code word on the hostile page? <img src=x onerror=alert(2)><script>alert(3)</script>');
  await article.locator("details summary").first().click();
  await article.locator(".places button, .marker").first().click();
  await page.locator("#sheet pre").waitFor();
  assert.equal(await page.locator("article img, article script, #sheet script, #viewer-title img").count(), 0);
  await page.locator('nav button[data-view="documents"]').click();
  await page.locator("#rows tr").first().waitFor();
  assert.equal(await page.locator("#rows img, #rows b").count(), 0);
  assert.match(await page.locator("#rows").innerText(), /<b>hostile\.md/);
});

test("files are uploaded, reported, asked, filtered and removed", async () => {
  await page.locator('nav button[data-view="documents"]').click();
  await page.setInputFiles("#files", [
    { name: "ferry.md", mimeType: "text/markdown", buffer: Buffer.from("# Ferry\n\nThe ferry to Hven leaves at quarter past nine.") },
    { name: "<img src=x onerror=alert(4)>.txt", mimeType: "text/plain", buffer: Buffer.from("The onions are in the cellar.") },
    { name: "broken.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4 nothing") },
  ]);
  await page.locator("#report li.error").waitFor();
  const told = await page.locator("#report").innerText();
  assert.match(told, /added: uploads\/ferry\.md/);
  assert.match(told, /failed: uploads\/broken\.pdf — /);
  await shot("documents");
  await accessible("documents");
  await page.fill("#filter", "ferry");
  await page.waitForFunction(() => document.querySelectorAll("#rows tr").length === 1);
  const article = await ask("When does the ferry to Hven leave?");
  assert.match(await article.locator(".answer").innerText(), /quarter past nine/);
  await page.locator('nav button[data-view="documents"]').click();
  await page.getByRole("button", { name: "Remove uploads/ferry.md" }).click();
  await page.waitForFunction(() => !document.querySelector("#rows").innerText.includes("ferry.md"));
  assert.match(await page.locator("#count").innerText(), /^8 documents/);
});

test("evaluations and traces have their lists", async () => {
  await page.locator('nav button[data-view="runs"]').click();
  const row = page.locator("#run-list tbody tr");
  await row.waitFor();
  assert.match(await row.innerText(), /sessions-[0-9a-f]+[^]*\t1\t[^]*nDCG@10 \d\.\d+/);
  const [report] = await Promise.all([context.waitForEvent("page"), row.locator("a").click()]);
  await report.waitForLoadState();
  assert.match(await report.locator("body").innerText(), /nDCG@10/);
  await report.close();
  await accessible("evaluations");
  await page.locator('nav button[data-view="traces"]').click();
  await page.locator("#trace-list details").first().waitFor();
  await page.locator("#trace-list summary").first().click();
  await accessible("traces");
});

test("the dark page and the narrow page are readable", async () => {
  await page.locator("#theme").click();
  await page.locator("#theme").click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  const article = await ask("How long does a session last?");
  await article.locator(".marker").click();
  await page.locator("#sheet mark").waitFor();
  await shot("dark");
  await accessible("dark");
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 361), "the page is wider than the screen");
  await shot("narrow");
  await accessible("narrow");
  await page.setViewportSize({ width: 1360, height: 860 });
});

test("an address opens a source, and the description of the API is shown", async () => {
  const rows = (await (await fetch(`${url}/api/documents?q=guide`)).json()).documents;
  await page.goto(`${url}/#index=rag&document=${rows[0].id}&start=9&end=15`);
  await page.reload();
  await page.locator("#sheet mark").waitFor();
  const marked = await page.locator("#sheet mark").innerText();
  for (const added of ["#:~:text=lasts%20thirty", ":~:text=lasts%20thirty"]) { // as clients add it, and as the standard has it
    const tab = await context.newPage();
    await tab.goto(`${url}/#index=rag&document=${rows[0].id}&start=9&end=15${added}`);
    await tab.locator("#sheet mark").waitFor();
    assert.equal(await tab.locator("#sheet mark").innerText(), marked, added);
    await tab.close();
  }
  await page.goto(`${url}/docs`);
  await page.locator("details summary").first().click();
  assert.match(await page.locator("main").innerText(), /POST \/api\/ask/);
  await accessible("docs");
});

test("nothing went wrong on the way: no script error, no violation of the policy, nothing from outside", () => {
  assert.deepEqual(problems, []);
});
