// The API's description, with what a page must send for an action.
"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#docs", validatorUrl: null,
  requestInterceptor: async (request) => {
    if (!["GET", "HEAD"].includes(request.method ?? "GET")) {
      const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
      request.headers["X-Ghostfill-CSRF"] = page.querySelector('meta[name="csrf"]')?.content ?? "";
    }
    return request;
  },
});
