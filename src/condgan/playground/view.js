// Runs once. `element` stays when its content changes, and Gradio keeps the elements in it that are alike.
let dragged = null, unsent = null, isBusy = false;

// While an object is dragged, its next place is sent when the images of the last one are there.
const send = () => {
  if (!unsent) return;
  isBusy = true;
  trigger('place', unsent);
  unsent = null;
};

const move = (handle, x, y) => {
  const [left, top] = [x, y].map(value => Math.round(100 * Math.min(1, Math.max(-1, value))) / 100);
  if (left === Number(handle.dataset.x) && top === Number(handle.dataset.y)) return;
  Object.assign(handle.dataset, {x: left, y: top});
  handle.style.left = 50 * (left + 1) + '%';
  handle.style.top = 50 * (top + 1) + '%';
  unsent = {label: handle.dataset.label, x: left, y: top};
};

watch('value', () => {
  isBusy = false;
  send();
});

element.addEventListener('pointerdown', event => {
  const handle = event.target.closest('.place');
  if (!handle) return;
  handle.setPointerCapture(event.pointerId);
  dragged = handle;
});

element.addEventListener('pointermove', event => {
  if (!dragged) return;
  const box = dragged.parentElement.getBoundingClientRect();
  move(dragged, 2 * (event.clientX - box.left) / box.width - 1, 2 * (event.clientY - box.top) / box.height - 1);
  if (!isBusy) send();
});

for (const end of ['pointerup', 'pointercancel']) {
  element.addEventListener(end, () => {
    dragged = null;
    send();
  });
}

element.addEventListener('keydown', event => {
  const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
  const handle = event.target.closest('.place');
  if (!handle || !step) return;
  event.preventDefault();
  move(handle, Number(handle.dataset.x) + 0.05 * step[0], Number(handle.dataset.y) + 0.05 * step[1]);
  send();
});

element.addEventListener('click', async event => {
  const button = event.target.closest('.file');
  if (!button) return;
  const view = element.querySelector('.view');
  const content = await server[view.dataset.kind]([button.dataset.file, view.dataset.settings]);
  const bytes = Uint8Array.from(atob(content), character => character.charCodeAt(0));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = button.dataset.file;
  link.click();
  URL.revokeObjectURL(link.href);
});
