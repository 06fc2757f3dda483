// The API's description, with what a page must send for an action.
"use strict";

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
