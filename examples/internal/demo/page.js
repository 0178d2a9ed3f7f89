"use strict";

const auth = document.body.dataset.auth;
const ownSessions = "ownSessions" in document.body.dataset;
const pendingKey = "signIn"; // of sessionStorage, while the user is at the provider's page
const $ = (id) => document.getElementById(id);

let token = ""; // of a bearer session: only in memory

// ---- requests

class Rejection extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers["Authorization"] = "Bearer " + token;
  const response = await fetch(path, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Rejection(response.status, explain(response.status, text));
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

// explain accepts a problem document (RFC 9457) and an error in Cotter's form.
function explain(status, text) {
  try {
    const problem = JSON.parse(text);
    if (problem.code) return `${problem.title} (${problem.code})`;
    if (problem.msg) return problem.msg;
  } catch { /* the response of a proxy */ }
  return `The response was ${status}`;
}

// ---- sign-in

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const here = () => location.origin + location.pathname;

// openProvider opens the provider's page for an identifier of the type EMAIL or PHONE.
async function openProvider({ page, api, key, type }) {
  const state = randomText(), verifier = randomText();
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  sessionStorage.setItem(pendingKey, JSON.stringify({ state, verifier, api, key, type }));
  location.assign(page + "?" + new URLSearchParams({
    api_key: key, redirect_url: here(), state, code_challenge: challenge, type,
  }));
}

// completeSignIn completes a sign-in if the provider's page has redirected here. It
// removes the parameters from the address.
async function completeSignIn() {
  const query = new URLSearchParams(location.search);
  if (query.has("auth_error")) throw redirectFailure(query);
  if (!query.has("code") && !query.has("error")) return false;
  const signIn = JSON.parse(sessionStorage.getItem(pendingKey) ?? "{}");
  sessionStorage.removeItem(pendingKey);
  history.replaceState(null, "", location.pathname);
  if (!signIn.state || query.get("state") !== signIn.state) {
    throw new Rejection(0, "This sign-in did not begin here, or it is already complete.");
  }
  if (query.has("error")) throw new Rejection(0, "You did not sign in.");
  await login(JSON.stringify(await exchange(signIn, query)));
  return true;
}

// redirectFailure describes a sign-in by redirects that has failed.
function redirectFailure(query) {
  history.replaceState(null, "", location.pathname);
  const code = query.get("auth_error");
  const cause = code === "unauthenticated" ? "You did not sign in." : `The sign-in failed (${code}).`;
  return new Rejection(0, `${cause} Request ${query.get("request_id")}.`);
}

// exchange exchanges the code for the payload that Cotter's front end posts to a back end.
async function exchange({ api, key, verifier, type }, query) {
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
  if (!response.ok) throw new Rejection(response.status, explain(response.status, text));
  const { user, oauth_token } = JSON.parse(text);
  return { [type.toLowerCase()]: user.identifier, oauth_token, user };
}

async function login(payload) {
  const { status, body } = await call("POST", auth + "/login", payload);
  token = body.token?.access_token ?? "";
  await show();
  report((status === 201 ? "You are registered." : "Welcome back.") +
    (token ? " The token is in the memory of this page: reloading signs you out." : ""));
}

// ---- view

const report = (text) => { $("status").textContent = text; };
const reportError = (text) => { $("error").textContent = text; };

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

const readable = (text) => new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
const time = (text) => element("time", { dateTime: text }, readable(text));

async function show() {
  const me = (await call("GET", "/api/public")).body;
  const signedIn = me.subject !== null;
  if (signedIn) {
    showMe(me, (await call("GET", auth + "/session")).body);
    if (ownSessions) await showSessions();
  }
  $("signed-in").hidden = !signedIn;
  $("signed-out").hidden = signedIn;
  return signedIn;
}

function showMe(me, { user, session }) {
  const rows = [
    ["Signed in as", user?.identifier ?? me.subject, "name"],
    ["Email", user?.email && user.email + (user.email_verified ? " (verified)" : " (not verified)")],
    ["Phone", user?.phone && user.phone + (user.phone_verified ? " (verified)" : " (not verified)")],
    ["User", me.user_id ? element("code", { id: "user-id" }, me.user_id) : "not stored"],
    ["Provider", me.provider],
    ["Method", me.auth_method],
    ["Session", session.strategy === "own" ? "this application’s own" : "the provider’s token"],
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
    const revoke = element("button", { type: "button" }, "Revoke");
    revoke.setAttribute("aria-label", `Revoke the session of ${title.textContent} since ${readable(created_at)}`);
    onPress(revoke, async () => {
      await call("POST", auth + "/sessions/revoke", JSON.stringify({ id }));
      await showSessions();
      moveTo("sessions-title", "The session was revoked.");
    });
    item.append(revoke);
  }
  return item;
}

// userAgentName guesses a name for display.
function userAgentName(text) {
  if (!text) return "Unknown program";
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(text)?.[1];
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(text)?.[1];
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return name ? name + (system ? " on " + system : "") : text;
}

// moveTo reports a change and moves the keyboard focus to the heading of its result.
function moveTo(id, text) {
  report(text);
  $(id).focus();
}

// showSignedOut discards the user's data.
function showSignedOut(text) {
  token = "";
  $("me").replaceChildren();
  $("sessions")?.replaceChildren();
  $("notes").replaceChildren();
  $("signed-in").hidden = true;
  $("signed-out").hidden = false;
  moveTo("sign-in-title", text);
}

// ---- actions

// attempt runs one action at a time and reports a failure.
async function attempt(control, action) {
  if (control.ariaBusy === "true") return;
  control.ariaBusy = "true";
  reportError("");
  try {
    await action();
  } catch (failure) {
    showFailure(failure);
  } finally {
    control.ariaBusy = "false";
  }
}

// showFailure reports a failed action. A 401 while the page shows a user means that
// the session has expired or was revoked elsewhere.
function showFailure(failure) {
  if (failure.status === 401 && !$("signed-in").hidden) {
    showSignedOut("Your session has expired or was revoked. Sign in again.");
    return;
  }
  reportFailure(failure);
}

function reportFailure(failure) {
  report("");
  reportError(failure instanceof Rejection ? failure.message : "The application does not respond.");
}

const onPress = (button, action) => button?.addEventListener("click", () => attempt(button, action));
const onSubmit = (form, action) => form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(form, action);
});

for (const button of document.querySelectorAll("button.sign-in")) onPress(button, () => openProvider(button.dataset));

onSubmit($("by-hand"), async () => {
  await login($("payload").value);
  $("payload").value = "";
  $("me-title").focus();
});

onPress($("sign-out"), async () => {
  await call("POST", auth + "/logout");
  showSignedOut("You are signed out.");
});

onPress($("sign-out-everywhere"), async () => {
  await call("POST", auth + "/sessions/revoke", JSON.stringify({ all: true }));
  if (!ownSessions) await call("POST", auth + "/logout"); // clears the cookie, if any
  showSignedOut("You are signed out everywhere.");
});

onPress($("end-others"), async () => {
  await call("POST", auth + "/sessions/revoke", JSON.stringify({ others: true }));
  await showSessions();
  moveTo("sessions-title", "All other sessions were revoked.");
});

onSubmit($("note-form"), async () => {
  const { body } = await call("POST", "/api/notes", JSON.stringify({ note: $("note").value }));
  $("notes").prepend(element("li", {}, body.note));
  $("note").value = "";
  report("The note was posted.");
});

// A sign-in that fails, such as one whose address is opened a second time, leaves the
// current session as it is.
attempt(document.body, async () => {
  try {
    if (await completeSignIn()) {
      $("me-title").focus();
      return;
    }
  } catch (failure) {
    reportFailure(failure);
  }
  try {
    await show();
  } catch (failure) {
    $("signed-out").hidden = false;
    throw failure;
  }
});
