// Adds a passkey, logs in by one, or shows one before a decision: asks the server for a challenge, lets the browser answer
// it, and sends the answer.
"use strict";

const say = (form, text) => { form.querySelector("output").textContent = text; };

const why = (error) => error.name === "NotAllowedError" ? "Nothing was chosen, or it took too long." : error.message;

async function ask(url, body) {
  const answer = await fetch(url, { method: "POST", body, headers: body instanceof FormData || !body ? {} : { "Content-Type": "application/json" } });
  if (!answer.ok) {
    const why = await answer.json().catch(() => ({}));
    throw new Error(why.detail || why.title || "The server answered " + answer.status + ".");
  }
  return answer.status === 204 ? null : answer.json();
}

// stepUp shows who one is, unless that was just done.
async function stepUp() {
  const options = await ask("/step-up/begin");
  if (options) {
    const answer = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
    await ask("/step-up/finish", JSON.stringify(answer));
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const base = form.getAttribute("action");
    say(form, "Waiting for the passkey …");
    try {
      if ("shows" in form.dataset) await stepUp();
      const options = await ask(base + "/begin", new FormData(form));
      const answer = form.dataset.passkey === "add"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey) });
      await ask(base + "/finish", JSON.stringify(answer));
      window.location.assign(form.dataset.next);
    } catch (error) {
      say(form, why(error));
    }
  });
}

for (const form of document.querySelectorAll("form[data-step-up]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(form, "Waiting for the passkey …");
    try {
      await stepUp();
      say(form, "");
      form.submit();
    } catch (error) {
      say(form, why(error));
    }
  });
}
