// Says when something changed since the page was made. The page itself stays as it is until somebody reloads it: what one reads does
// not move.
"use strict";

const notice = document.querySelector("#live");
if (notice && window.EventSource) {
  const source = new EventSource("/live");
  source.addEventListener("changed", () => { notice.hidden = false; });
  window.addEventListener("pagehide", () => source.close());
}
