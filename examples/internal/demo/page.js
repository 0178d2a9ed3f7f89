"use strict";

const auth = document.body.dataset.auth;
const ownSessions = "ownSessions" in document.body.dataset;
const started = "signIn"; // what sessionStorage keeps while somebody is at the provider's page
const $ = (id) => document.getElementById(id);

let token = ""; // of a session that travels as bearer: kept here and nowhere else

// ---- calls

class Refusal extends Error {}

async function call(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers["Authorization"] = "Bearer " + token;
  const response = await fetch(path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Refusal(explain(response.status, text));
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

// explain reads a problem document (RFC 9457), or Cotter's shape of an error.
function explain(status, text) {
  try {
    const problem = JSON.parse(text);
    if (problem.code) return `${problem.title} (${problem.code})`;
    if (problem.msg) return problem.msg;
  } catch { /* an answer of something in between */ }
  return `The answer was ${status}`;
}

// ---- signing in

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const here = () => location.origin + location.pathname;

async function leaveForProvider({ page, api, key }) {
  const state = randomText(), verifier = randomText();
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  sessionStorage.setItem(started, JSON.stringify({ state, verifier, api, key }));
  location.assign(page + "?" + new URLSearchParams({
    api_key: key, redirect_url: here(), state, code_challenge: challenge, type: "EMAIL",
  }));
}

// comeBack finishes a sign-in if the address says that the provider's page has
// sent us back. What the address said is gone afterwards.
async function comeBack() {
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return false;
  const signIn = JSON.parse(sessionStorage.getItem(started) ?? "{}");
  sessionStorage.removeItem(started);
  history.replaceState(null, "", location.pathname);
  if (!signIn.state || query.get("state") !== signIn.state) {
    throw new Refusal("This is the end of a sign-in that did not begin here. Nobody was signed in.");
  }
  if (query.has("error")) throw new Refusal("You did not sign in.");
  await login(JSON.stringify(await exchange(signIn, query)));
  return true;
}

// exchange turns the code into what Cotter's front end hands to a back end.
async function exchange({ api, key, verifier }, query) {
  const response = await fetch(api + "/verify/get_identity?oauth_token=true", {
    method: "POST",
    headers: { "Content-Type": "application/json", "API_KEY_ID": key },
    credentials: "include",
    body: JSON.stringify({
      code_verifier: verifier,
      authorization_code: query.get("code"),
      challenge_id: Number(query.get("challenge_id")),
      redirect_url: here(),
    }),
  });
  const text = await response.text();
  if (!response.ok) throw new Refusal(explain(response.status, text));
  const { user, oauth_token } = JSON.parse(text);
  return { email: user.identifier, oauth_token, user };
}

async function login(payload) {
  const { status, body } = await call("POST", auth + "/login", payload);
  token = body.token?.access_token ?? "";
  await show();
  say((status === 201 ? "You are registered." : "Welcome back.") +
    (token ? " The token is in this page’s memory: reloading forgets it." : ""));
}

// ---- what is shown

const say = (text) => { $("status").textContent = text; };
const complain = (text) => { $("error").textContent = text; };

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

const readable = (text) => new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const time = (text) => element("time", { dateTime: text }, readable(text));

async function show() {
  const me = (await call("GET", "/api/public")).body;
  const known = me.subject !== null;
  if (known) {
    showMe(me, (await call("GET", auth + "/session")).body);
    if (ownSessions) await showSessions();
  }
  $("signed-in").hidden = !known;
  $("signed-out").hidden = known;
  return known;
}

function showMe(me, { user, session }) {
  const rows = [
    ["Signed in as", user?.identifier ?? me.subject, "name"],
    ["E-mail", user?.email && user.email + (user.email_verified ? " (verified)" : " (not verified)")],
    ["Phone", user?.phone && user.phone + (user.phone_verified ? " (verified)" : " (not verified)")],
    ["User", me.user_id ? element("code", { id: "user-id" }, me.user_id) : "none is kept"],
    ["Provider", me.provider],
    ["Method", me.auth_method],
    ["Session", session.strategy === "own" ? "of this application" : "the provider’s token"],
    ["Expires", time(session.expires_at)],
  ];
  $("me").replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value, className = ""]) =>
    [element("dt", {}, name), element("dd", { className }, value)]));
}

async function showSessions() {
  const { sessions } = (await call("GET", auth + "/sessions")).body;
  $("sessions").replaceChildren(...sessions.map(sessionItem));
  $("end-others").hidden = sessions.length < 2;
}

function sessionItem({ id, current, created_at, last_seen_at, user_agent, address }) {
  const title = element("p", {}, userAgentName(user_agent));
  if (current) title.append(element("span", { className: "here" }, "this one"));
  const details = element("p", { className: "hint" },
    "since ", time(created_at), ", last seen ", time(last_seen_at), address ? ` from ${address}` : "");
  const item = element("li", {}, element("div", {}, title, details));
  if (!current) {
    const end = element("button", { type: "button" }, "End");
    end.setAttribute("aria-label", `End the session of ${title.textContent} since ${readable(created_at)}`);
    onPress(end, async () => {
      await call("POST", auth + "/sessions/revoke", JSON.stringify({ id }));
      await showSessions();
      arrive("sessions-title", "The session has ended.");
    });
    item.append(end);
  }
  return item;
}

// userAgentName is a guess, for people.
function userAgentName(text) {
  if (!text) return "Unknown program";
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(text)?.[1];
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(text)?.[1];
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return name ? name + (system ? " on " + system : "") : text;
}

// arrive moves the keyboard's focus to where the story goes on.
function arrive(id, text) {
  say(text);
  $(id).focus();
}

function forget(text) {
  token = "";
  $("me").replaceChildren();
  $("sessions")?.replaceChildren();
  $("notes").replaceChildren();
  $("signed-in").hidden = true;
  $("signed-out").hidden = false;
  arrive("sign-in-title", text);
}

// ---- what people do

// attempt runs an action once at a time and tells how it failed.
async function attempt(control, action) {
  if (control.ariaBusy === "true") return;
  control.ariaBusy = "true";
  complain("");
  try {
    await action();
  } catch (failure) {
    say("");
    complain(failure instanceof Refusal ? failure.message : "The application does not answer.");
  } finally {
    control.ariaBusy = "false";
  }
}

const onPress = (button, action) => button?.addEventListener("click", () => attempt(button, action));
const onSubmit = (form, action) => form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(form, action);
});

for (const button of document.querySelectorAll(".sign-in")) onPress(button, () => leaveForProvider(button.dataset));

onSubmit($("by-hand"), async () => {
  await login($("payload").value);
  $("payload").value = "";
  $("me-title").focus();
});

onPress($("sign-out"), async () => {
  await call("POST", auth + "/logout");
  forget("You are signed out.");
});

onPress($("sign-out-everywhere"), async () => {
  await call("POST", auth + "/sessions/revoke", JSON.stringify({ all: true }));
  if (!ownSessions) await call("POST", auth + "/logout"); // the cookie, if there is one
  forget("You are signed out everywhere.");
});

onPress($("end-others"), async () => {
  await call("POST", auth + "/sessions/revoke", JSON.stringify({ others: true }));
  await showSessions();
  arrive("sessions-title", "All other sessions have ended.");
});

onSubmit($("note-form"), async () => {
  const { body } = await call("POST", "/api/notes", JSON.stringify({ note: $("note").value }));
  $("notes").prepend(element("li", {}, body.note));
  $("note").value = "";
  say("The note was posted.");
});

attempt(document.body, async () => {
  try {
    if (await comeBack()) $("me-title").focus();
    else await show();
  } catch (failure) {
    $("signed-out").hidden = !$("signed-in").hidden;
    throw failure;
  }
});
