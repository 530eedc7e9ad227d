"use strict";
// Before anything is painted: the theme that the viewer chose. Without a choice it is the system's.
try {
  const theme = localStorage.getItem("tickwell.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing has no choice to tell.
}
