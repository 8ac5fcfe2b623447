"use strict";
for (const form of document.querySelectorAll(".ask")) {
  const request = form.querySelector("textarea"), answer = form.querySelector("pre");
  const headers = { "Content-Type": "application/json" };
  form.querySelector("button").addEventListener("click", async () => {
    answer.textContent = "…";
    try {
      const response = await fetch(form.dataset.address, { method: "POST", headers, body: request.value });
      answer.classList.toggle("refused", !response.ok);
      answer.textContent = JSON.stringify(await response.json(), null, 2);
    } catch (error) {
      answer.classList.add("refused");
      answer.textContent = String(error);
    }
  });
}
