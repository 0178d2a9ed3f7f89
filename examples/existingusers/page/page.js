// What the application's codes mean for the person, and what to do.
const explanations = {
  email_not_verified: 'This sign-in does not prove that the email address is yours. Sign in with a code that is sent to it.',
  email_ambiguous: 'Several accounts have this email address in different spellings. Write to support, which merges them.',
  account_taken: 'The account with this email address has another sign-in. Use that one, or write to support.',
};

const form = document.getElementById('sign-in');
const result = document.getElementById('result');
const orders = document.getElementById('orders');

async function post(path, body) {
  return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
}

// The emulator issues tokens for any address. In production a page of the provider does, after a proof.
async function mint(data) {
  const access = data.get('unverified') ? { authentication_method: 'WEBAUTHN' } : {};
  const response = await post('/auth/emulator/_emulator/mint', { identifier: data.get('email'), access });
  return response.json();
}

async function show() {
  const response = await fetch('/api/orders');
  if (!response.ok) return;
  const own = await response.json();
  result.textContent = `You are number ${own.user_id} of the table users.`;
  orders.replaceChildren(...own.orders.map((item) => {
    const element = document.createElement('li');
    element.textContent = item;
    return element;
  }));
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  orders.replaceChildren();
  const response = await post('/auth/login', { oauth_token: await mint(new FormData(form)) });
  if (response.ok) {
    await show();
    return;
  }
  const problem = await response.json();
  result.textContent = explanations[problem.code] ?? problem.title;
});

show();
