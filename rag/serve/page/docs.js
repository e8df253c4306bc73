"use strict";
// Shows the description of the API: every operation, what it takes, what it returns.

function make(name, text, ...children) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

function shown(schema, all, depth = 0) {
  if (schema.$ref) return shown(all[schema.$ref.split("/").pop()], all, depth);
  if (schema.properties && depth < 3) return Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, shown(one, all, depth + 1)]));
  if (schema.items) return [depth < 3 ? shown(schema.items, all, depth + 1) : "…"];
  if (schema.anyOf) return schema.anyOf.map((one) => shown(one, all, depth + 1)).filter((one) => one !== "null")[0];
  return schema.enum ? schema.enum.join(" | ") : schema.type || "any";
}

async function begin() {
  const token = sessionStorage.getItem("token");
  const api = await (await fetch("/openapi.json", { headers: token ? { authorization: `Bearer ${token}` } : {} })).json();
  const all = api.components.schemas;
  const main = document.getElementById("main");
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, one] of Object.entries(methods)) {
      const box = make("details", "", make("summary", `${method.toUpperCase()} ${path} — ${one.summary}`));
      for (const value of one.parameters || []) box.append(make("p", `${value.in} ${value.name}: ${shown(value.schema, all)}${value.description ? ` — ${value.description}` : ""}`));
      for (const [media, body] of Object.entries(one.requestBody?.content || {})) box.append(make("p", `takes ${media}`), make("pre", JSON.stringify(shown(body.schema, all), null, 2)));
      for (const [status, answer] of Object.entries(one.responses)) {
        if (status >= "400") continue;
        for (const [media, body] of Object.entries(answer.content || {})) box.append(make("p", `${status}: ${media}`), make("pre", JSON.stringify(shown(body.schema, all), null, 2)));
      }
      box.append(make("p", `errors: ${Object.keys(one.responses).filter((status) => status >= "400").join(", ")}`));
      main.append(box);
    }
  }
}

begin();
