/**
 * The browser helper of cotterpin, for the pages of an application that share one session. HTTP.md has a guide.
 *
 *     import { createClient } from "/auth/client.js";
 *     const auth = createClient();
 *     auth.onChange((state) => { if (state === "signed-out") showSignIn(); });
 *     const response = await auth.fetch("/api/notes");
 *
 * @typedef {"signed-in" | "signed-out"} State
 * @typedef {{ id: string, identifier: string, email: string | null, email_verified: boolean, phone: string | null,
 *   phone_verified: boolean, created_at: string, last_login_at: string }} User
 * @typedef {{ id: string | null, strategy: "own" | "provider_token", format?: "opaque" | "jwt", provider: string,
 *   auth_method: string, created_at: string, expires_at: string, idle_expires_at?: string }} Session
 * @typedef {{ access: string, refresh?: string, dueAt: number }} Tokens
 */

const patience = 30_000; // milliseconds that a request of the helper itself, or waiting for another tab, may take
const rejections = new Set(["unauthenticated", "token_expired", "invalid_token"]);
const endings = new Set([...rejections, "invalid_request", "not_found"]); // of a refresh; the last two: there is no refresh token

/** AuthError is why a call failed. It leaves the session as it was. */
export class AuthError extends Error {
  /** @param {{ code: string, title: string, status?: number, request_id?: string }} problem
   *  @param {{ cause?: unknown, retryAfter?: number }} [options] */
  constructor({ code, title, status = 0, request_id }, { cause, retryAfter } = {}) {
    super(title, { cause });
    this.name = "AuthError";
    /** The code of the problem document, "network_error", "timeout", or "unexpected_response". */
    this.code = code;
    /** The HTTP status, 0 without a response. */
    this.status = status;
    /** The id of the request in the server's log. */
    this.requestId = request_id;
    /** The seconds after which to try again, if the server has sent them. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same call can succeed later without a change. */
  get temporary() { return this.status === 0 || this.status === 429 || this.status >= 500; }
}

/**
 * createClient returns the client of a server. A page needs one.
 *
 * @param {object} [options]
 * @param {string | URL} [options.base] the URL of the kit's routes; default: the directory of this file
 * @param {Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">} [options.storage] where tokens of the transport
 *   "bearer" are kept, such as sessionStorage; default: the tab's memory. Scripts that an attacker injects can read it.
 */
export function createClient({ base = new URL(".", import.meta.url), storage } = {}) {
  return new Client(new URL(base, globalThis.location?.href), storage);
}

class Client {
  #base; // ends with a slash
  #name; // of the lock, the channel and the stored tokens
  #storage;
  /** @type {Tokens | undefined} */ #memory;
  /** @type {BroadcastChannel | undefined} */ #channel;
  /** @type {Set<(state: State) => void>} */ #listeners = new Set();
  /** @type {State | undefined} */ #state; // undefined: not known yet
  #refreshable = true; // false for a session without a refresh token, such as an opaque one
  #refreshedAt = -Infinity; // of performance.now()
  #endedAt = -Infinity; // Infinity: until a sign-in
  /** @type {Promise<boolean> | undefined} */ #renewal; // that runs in this tab

  constructor(base, storage) {
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    this.#base = base;
    this.#name = "cotterpin " + base.href;
    this.#storage = storage;
    if (globalThis.BroadcastChannel) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#receive(data);
    }
    if (storage) globalThis.addEventListener?.("storage", ({ storageArea, key, newValue }) => {
      if (storageArea === storage && key === this.#name && newValue) this.#refreshedAt = performance.now();
    });
    globalThis.addEventListener?.("pageshow", ({ persisted }) => { // after the button Back: messages were missed
      if (persisted) this.session().catch(() => {});
    });
  }

  /**
   * fetch is the platform's fetch for the origin of the helper's server: it adds the credential, refreshes an expired
   * session, and repeats a request that was rejected for it. A request whose body is a stream is not repeated: its
   * response is the 401. Requests to other origins are sent as they are. It rejects with an {@link AuthError} if the session
   * cannot be refreshed now, else as the platform's.
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async fetch(input, init) {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== this.#base.origin) return globalThis.fetch(request);
    const repeatable = !(init?.body instanceof ReadableStream);
    if (this.#isDue) await this.#renew(performance.now(), request.signal).catch(() => {}); // the token is still valid
    const sentAt = performance.now();
    const response = await this.#send(repeatable ? request.clone() : request);
    if (!await isRejected(response, request.method)) return response;
    return await this.#renew(sentAt, request.signal) && repeatable ? this.#send(request) : response;
  }

  /**
   * session requests the user and the session, null if the browser is signed out. Call it after a sign-in without the helper.
   * @returns {Promise<{ user: User | null, session: Session } | null>}
   */
  async session() {
    this.#endedAt = -Infinity; // the browser may have signed in without the helper
    const response = await this.#get("session", (request) => this.fetch(request));
    const body = await isRejected(response) ? null : await parse(response);
    if (body && this.#endedAt > -Infinity) return this.session(); // signed out meanwhile
    if (body) this.#begin(body, this.#state !== "signed-in");
    else this.#end();
    return body;
  }

  /**
   * login exchanges the provider's tokens for a session. The result contains no token.
   * @param {object} payload the body of POST /login
   * @returns {Promise<{ created: boolean, user: User | null, session: Session }>}
   */
  login(payload) {
    return this.#locked(async () => {
      const body = this.#keep(await parse(await this.#post("login", payload)));
      this.#begin(body, true);
      this.#broadcast("signed-in");
      return body;
    });
  }

  /** logout revokes the session and signs out all tabs. If it rejects, the session remains. */
  logout() {
    return this.#locked(async () => {
      const response = await this.#post("logout", this.#refreshBody);
      if (!response.ok) await parse(response);
      this.#end(true);
    });
  }

  /**
   * refresh renews the access token now, for requests that the helper does not send, such as those of EventSource and
   * WebSocket. It returns false if the browser is signed out.
   * @returns {Promise<boolean>}
   */
  async refresh() {
    return this.#renew(performance.now());
  }

  /**
   * onChange calls a function after the state has changed, in any tab. "signed-in" also follows each login: the user may be
   * another one. It returns a function that removes the listener.
   * @param {(state: State) => void} listener
   * @returns {() => void}
   */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  // ---- refresh

  /** renew returns true if this or another tab has refreshed the session since a time, false if the browser is signed out. */
  async #renew(since, signal) {
    if (this.#endedAt >= since) return false;
    if (this.#refreshedAt >= since) return true;
    this.#renewal ??= this.#locked((waited) => this.#renewOnce(since, waited)).finally(() => { this.#renewal = undefined; });
    return withSignal(this.#renewal, signal);
  }

  async #renewOnce(since, waited) {
    if (this.#endedAt >= since) return false;
    if (this.#refreshedAt >= since) return true;
    if (waited) { // for another tab, whose message may arrive after its lock is released
      const probe = await this.#get("session", (request) => this.#send(request));
      if (!await isRejected(probe)) return Boolean(await parse(probe));
    }
    return this.#refresh();
  }

  async #refresh() {
    if (!this.#refreshable || this.#tokens && !this.#tokens.refresh) return this.#end(true);
    const exchange = () => this.#post("refresh", this.#refreshBody);
    const response = await exchange().catch((error) => {
      if (error.code !== "network_error") throw error;
      return exchange(); // at once, while the server accepts the same token again: the response may have been lost
    });
    const result = await parse(response).catch((error) => {
      if (!endings.has(error.code)) throw error;
    });
    if (!result) return this.#end(true);
    const body = this.#keep(result);
    this.#refreshedAt = performance.now();
    this.#begin(body, this.#state !== "signed-in");
    this.#broadcast("refreshed");
    return true;
  }

  /**
   * locked calls run while no other tab changes the session, with true if it had to wait for one. It waits for a limited
   * time, because the system may suspend the other tab. A session in the memory of this tab needs no lock.
   */
  async #locked(run) {
    if (!navigator.locks || this.#memory) return run(false);
    const ran = await navigator.locks.request(this.#name, { ifAvailable: true }, async (lock) => lock && { result: await run(false) });
    if (ran) return ran.result;
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), patience);
    try {
      return await navigator.locks.request(this.#name, { signal: waiting.signal }, () => { clearTimeout(timer); return run(true); });
    } catch (error) {
      if (!waiting.signal.aborted) throw error;
      return run(true);
    }
  }

  // ---- state

  #begin(session, changed) {
    this.#refreshable = session.session.format === "jwt";
    this.#become("signed-in", changed);
  }

  #end(everywhere = false) {
    const changed = this.#state !== "signed-out";
    if (everywhere && changed) this.#broadcast("signed-out");
    this.#keep({});
    this.#become("signed-out", changed);
    return false;
  }

  #become(state, changed) {
    this.#state = state;
    this.#endedAt = state === "signed-in" ? -Infinity : this.#channel ? Infinity : performance.now();
    if (!changed) return;
    for (const listener of this.#listeners) queueMicrotask(() => listener(state));
  }

  /** broadcast sends a message to the other tabs. A sign-out includes tabs with other sessions. */
  #broadcast(type) {
    const own = Boolean(this.#memory);
    if (!own || type === "signed-out") this.#channel?.postMessage({ type, own });
  }

  #receive({ type, own }) {
    if (own !== Boolean(this.#memory)) return;
    if (type === "refreshed" && !this.#storage) this.#refreshedAt = performance.now(); // else the message may precede the tokens
    if (type === "signed-in") {
      this.#refreshable = true;
      this.#become(type, true);
    }
    if (type === "signed-out") {
      if (own) this.#post("logout", this.#refreshBody).catch(() => {});
      this.#end();
    }
  }

  // ---- tokens of the transport "bearer"

  /** @returns {Tokens | undefined} */
  get #tokens() { return this.#storage ? JSON.parse(this.#storage.getItem(this.#name)) ?? undefined : this.#memory; }

  get #isDue() { return this.#tokens?.refresh && this.#tokens.dueAt <= Date.now(); }

  get #refreshBody() { return this.#tokens?.refresh && { refresh_token: this.#tokens.refresh }; }

  /** keep stores the token of a response, and returns the rest. */
  #keep({ token, ...rest }) {
    const lifetime = token && token.expires_in - Math.min(10, token.expires_in / 10);
    const tokens = token && { access: token.access_token, refresh: token.refresh_token, dueAt: Date.now() + lifetime * 1000 };
    if (!this.#storage) this.#memory = tokens;
    else if (tokens) this.#storage.setItem(this.#name, JSON.stringify(tokens));
    else this.#storage.removeItem(this.#name);
    return rest;
  }

  // ---- requests

  /** @param {Request} request */
  #send(request) {
    const headers = new Headers(request.headers);
    if (this.#tokens && !headers.has("Authorization")) headers.set("Authorization", "Bearer " + this.#tokens.access);
    return globalThis.fetch(request, { credentials: "include", headers });
  }

  #get(path, send) {
    return reach(() => send(new Request(new URL(path, this.#base), { signal: AbortSignal.timeout(patience) })));
  }

  /** post sends a request that continues after the page is closed, so that the next cookie is not lost. */
  #post(path, body) {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const init = { method: "POST", headers, body: body && JSON.stringify(body), keepalive: true, signal: AbortSignal.timeout(patience) };
    return reach(() => this.#send(new Request(new URL(path, this.#base), init)));
  }
}

/** reach turns the failure of a request into an AuthError. */
async function reach(send) {
  try {
    return await send();
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    const code = cause.name === "TimeoutError" ? "timeout" : "network_error";
    throw new AuthError({ code, title: "The server cannot be reached" }, { cause });
  }
}

/** parse returns the JSON body of a response, and rejects with its problem document. */
async function parse(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  const { code = "unexpected_response", title = "The response was not expected", request_id } = body ?? {};
  const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
  throw new AuthError({ code, title, request_id, status: response.status }, { retryAfter });
}

/** isRejected reports whether the response shows that the credential is missing, expired or invalid. */
async function isRejected(response, method) {
  if (response.status !== 401) return false;
  if (method === "HEAD") return true;
  const problem = await response.clone().json().catch(() => null);
  return rejections.has(problem?.code);
}

/** withSignal settles as a promise, or rejects earlier when the signal is aborted. */
function withSignal(promise, signal) {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
