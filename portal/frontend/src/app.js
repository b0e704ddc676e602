// Every page: live updates.
import "./vendor/htmx.js";
import "htmx.org/dist/ext/hx-sse.js";
