"use strict";

const $ = (id) => document.getElementById(id);
const { embedder, instance, type } = $("frame").dataset;
const mount = location.pathname.replace(/\/(signup|login)$/, "");
const pollInterval = 500; // milliseconds

let clientJSON = {}; // what the additional fields contain
let signIn = null; // { id, opens } after the code was sent
let begun = false; // the SDK has the identifier and has not let it pass yet
let busy = false;

// ---- messages

// send passes an event to the SDK, which compares its origin with CotterEnum.JSURL.
// Below a mount JSURL has a path, which no origin of a message has: a page of the
// same origin gets the event once more, with JSURL as origin.
function send(event, payload) {
  const data = JSON.stringify({ callbackName: instance + event, payload });
  parent.postMessage(data, embedder);
  if (mount && embedder === location.origin) {
    parent.dispatchEvent(new MessageEvent("message", { data, origin: location.origin + mount, source: window }));
  }
}

const actions = new Map([
  ["CONFIG", ({ payload }) => configure(payload)],
  ["CONTINUE_SUBMIT", () => { if (begun) attempt(sendCode); }],
  ["ON_ERROR", ({ errorMsg }) => { begun = false; reportError(String(errorMsg)); }],
  ["DONE_SUCCESS", () => finish("You are signed in.")],
  ["DONE_ERROR", ({ payload }) => { restart(); reportError(payload?.data?.msg ?? "The application did not accept the sign-in."); }],
  ["HANDLE_MAGIC_LINK_REDIRECT", ({ payload }) => attempt(() => completeLink(payload))],
]);

window.addEventListener("message", (event) => {
  if (event.source !== parent || event.origin !== embedder) return;
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return; // not of the SDK
  }
  actions.get(message?.action)?.(message);
});

function configure(config) {
  $("waiting").hidden = true;
  $("fields").replaceChildren(...(config.additionalFields ?? []).map(additionalField));
  const input = $("identifier");
  if (config.buttonText) $("identifier-form").querySelector("button").textContent = config.buttonText;
  const known = config.skipIdentiferFormWithValue || config.identifierFieldInitialValue; // sic
  if (known && !input.value) input.value = known;
  input.readOnly = String(config.identifierFieldDisabled) === "true";
  send("LOADED");
  if (String(config.skipIdentiferForm) === "true" && known) begin();
}

function additionalField({ label, name, type, placeholder, initial_value }, index) {
  const input = document.createElement("input");
  Object.assign(input, { id: "field-" + index, name, type: type || "text", placeholder: placeholder ?? "", value: initial_value ?? "" });
  const caption = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: label });
  const row = document.createElement("div");
  row.append(caption, input);
  return row;
}

// ---- requests

class Rejection extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// call posts to a path relative to the form. The query identifies the form's request.
async function call(path, body) {
  const response = await fetch(path + location.search, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const result = await response.json();
  if (!response.ok) throw new Rejection(response.status, result.msg);
  return result;
}

// ---- sign-in

// begin passes the identifier to the SDK, whose application may reject it.
function begin() {
  clientJSON = Object.fromEntries([...$("fields").querySelectorAll("input")].map((input) => [input.name, input.value]));
  begun = true;
  send("ON_BEGIN", {
    auth_required: true, identifier: $("identifier").value.trim(), identifier_type: type,
    device_type: "BROWSER", device_name: navigator.userAgent, client_json: clientJSON,
  });
}

async function sendCode() {
  begun = false;
  const identifier = $("identifier").value.trim();
  const { code, link, ...sent } = await call(location.pathname, { identifier, client_json: JSON.stringify(clientJSON) });
  signIn = sent;
  $("to").textContent = identifier;
  $("shown-code").textContent = code;
  if ($("link")) $("link").href = link;
  showForm("code");
  if (!sent.opens) awaitApproval(sent).catch(() => {}); // the next action reports that the emulator is gone
}

// awaitApproval completes the sign-in when its link was opened.
async function awaitApproval(sent) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollInterval));
    if (signIn !== sent) return;
    const result = await call("app/frame/approval", { id: sent.id });
    if (result.authorization_code) submit(result);
    if (result.authorization_code || result.over) return;
  }
}

async function submitCode(id, code) {
  submit(await call("app/frame/code", { id, code }));
}

// submit passes the authorization code to the SDK, which exchanges it.
function submit(result) {
  signIn = null;
  send("ON_SUBMIT_AUTHORIZATION_CODE", { ...result, client_json: clientJSON });
}

// completeLink completes the sign-in of a magic link that has opened the page.
async function completeLink({ challenge, client_json, identifier }) {
  const [id, code] = String(challenge).split(".");
  clientJSON = client_json ?? {};
  $("identifier").value = identifier ?? "";
  await submitCode(id, code);
}

// ---- view

const reportError = (text) => { $("problem").textContent = text; };

function showForm(name) {
  $("identifier-form").hidden = name !== "identifier";
  $("code-form").hidden = name !== "code";
  $(name).focus();
}

function restart() {
  signIn = null;
  $("code").value = "";
  showForm("identifier");
}

function finish(text) {
  $("identifier-form").hidden = $("code-form").hidden = true;
  $("done").textContent = text;
}

// attempt runs one action at a time and reports a failure.
async function attempt(action) {
  if (busy) return;
  busy = true;
  reportError("");
  try {
    await action();
  } catch (failure) {
    if (failure.status === 410) restart();
    reportError(failure instanceof Rejection ? failure.message : "The emulator does not respond.");
  } finally {
    busy = false;
  }
}

const onSubmit = (form, action) => form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(action);
});

onSubmit($("identifier-form"), begin);
onSubmit($("code-form"), () => submitCode(signIn?.id, $("code").value.trim()));
$("restart").addEventListener("click", (event) => {
  event.preventDefault();
  reportError("");
  restart();
});

send("FIRST_LOAD");
