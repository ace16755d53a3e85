// Keys: / searches, g and a letter goes to a page, ? tells them. None is taken while something is typed.
"use strict";

const pages = { o: "/", f: "/findings", r: "/requirements", s: "/systems", d: "/decisions", v: "/vulnerabilities", e: "/estate" };
let before = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) {
    return;
  }
  if (event.key === "/") {
    const search = document.querySelector("main input[type=search], header input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (before === "g" && pages[event.key]) {
    window.location.assign(pages[event.key]);
  }
  before = event.key;
});
