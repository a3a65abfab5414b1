// The only way this page makes elements. Text always goes in as text nodes: nothing here, or anywhere
// else in the page, parses a string as HTML, so whatever an alert label or a model wrote stays text.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `props` takes `class`, `testid`, `on` ({event: handler}), `data` ({key: value}) and plain
 * attributes; `true` sets an empty attribute, `false`, `null` and `undefined` leave it out.
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "on")
      for (const [type, handler] of Object.entries(value)) node.addEventListener(type, handler);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("on") || name === "style")
      throw new Error(`${name} is not allowed as an attribute`);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/** Append strings (as text), nodes and nested lists; empty values are left out. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Replace everything inside `node`. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/**
 * Make the inside of `node` equal to `children`, leaving alone what is equal already: a control that is redrawn
 * between the press and the release of the mouse would lose the click. Controls are replaced whole, so that a
 * handler never outlives what it was made for.
 */
export function patch(node, ...children) {
  const wanted = [...append(document.createDocumentFragment(), children).childNodes];
  const there = [...node.childNodes];
  for (const [index, fresh] of wanted.entries()) {
    const old = there[index];
    if (!old) node.append(fresh);
    else if (old.isEqualNode(fresh)) continue;
    else if (isPlainBox(old) && old.cloneNode(false).isEqualNode(fresh.cloneNode(false)))
      patch(old, ...fresh.childNodes);
    else old.replaceWith(fresh);
  }
  for (const old of there.slice(wanted.length)) old.remove();
}

const isPlainBox = (node) => ["UL", "LI", "DIV", "SECTION", "SPAN", "HEADER"].includes(node.nodeName);

/** An SVG element; attributes as given. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** The focused control's stable name, to find it again after its surroundings were drawn anew. */
export function rememberFocus(root) {
  const active = document.activeElement;
  if (!active || !root.contains(active)) return () => {};
  const testid = active.dataset?.testid;
  const again = testid ? `[data-testid="${CSS.escape(testid)}"]` : null;
  return () => {
    if (document.activeElement !== document.body && root.contains(document.activeElement)) return;
    const target = again && root.querySelector(again);
    if (target) target.focus({ preventScroll: true });
  };
}

/** Run `fn` soon, once for many calls, never twice at the same time; a call while it runs makes it run again. */
export function coalesce(fn, wait = 30) {
  let timer = null;
  let running = false;
  let again = false;
  const run = async () => {
    timer = null;
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await fn();
    } finally {
      running = false;
      if (again) {
        again = false;
        schedule();
      }
    }
  };
  const schedule = () => {
    if (timer === null) timer = setTimeout(run, wait);
  };
  return schedule;
}
