// The page of an application that signs in with Cotter's browser SDK, unchanged but
// for its base URLs.
import Cotter, { CotterEnum } from "cotter";

const settings = JSON.parse(document.getElementById("settings").textContent);
const show = (id, text) => { document.getElementById(id).textContent = text; };

CotterEnum.JSURL = CotterEnum.AssetURL = CotterEnum.WorkerURL = settings.emulator;
CotterEnum.BackendURL = settings.emulator + "/api/v0";

const cotter = new Cotter({ ApiKeyID: settings.apiKey, ...settings.config });
const onBegin = ({ identifier }) => (identifier === "mallory@example.com" ? "You are not invited." : null);
const form = settings.link ? cotter.signInWithLink(onBegin) : cotter.signInWithOTP(onBegin);

async function signIn() {
  const payload = await (settings.phone ? form.showPhoneForm() : form.showEmailForm());
  if (settings.config.RedirectURL) return payload; // the response of the back end
  window.payload = payload;
  const response = await fetch("/auth/login", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(payload),
  });
  return response.json();
}

signIn()
  .then(({ user }) => show("result", "signed in as " + (user?.email || user?.phone)))
  .catch((failure) => show("result", "failed: " + JSON.stringify(failure) + failure));

// refreshAndLogOut uses the rest of the API that the SDK calls.
window.refreshAndLogOut = async () => {
  const { access_token } = await cotter.tokenHandler.getTokensFromRefreshToken();
  const token = await cotter.tokenHandler.getAccessToken();
  await cotter.logOut();
  return token.token === access_token ? token.getIdentifier() : "another token";
};
