// The agent's form: what the citizen said, in words, goes into the request's text to be checked.
const MARK = "【来自通话转写，请核对】";

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-take-words]");
  if (!button) return;
  const offer = button.closest("#transcript");
  const content = document.querySelector('#request-form [name="content"]');
  const said = [...offer.querySelectorAll("[data-citizen] span")].map((one) => one.textContent.trim()).join("");
  if (!content || !said || content.value.includes(said)) return;
  content.value = [content.value.trimEnd(), `${MARK}${said}`].filter(Boolean).join("\n");
  // The form keeps drafts and asks for suggestions as if it had been typed.
  content.dispatchEvent(new Event("input", { bubbles: true }));
  offer.querySelector("[data-taken]").hidden = false;
  content.focus();
});
