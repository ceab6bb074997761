// The photograph and the mask painted over it, and the choice of a class from the list.
(() => {
  const SIDE = 512, BRUSH = 0.06;
  const state = { photo: null, mask: null, last: null };
  const canvas = () => document.getElementById("ppgn-canvas");

  function layer(width, height, colour) {
    const made = document.createElement("canvas");
    made.width = width; made.height = height;
    const context = made.getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, width, height);
    return made;
  }

  function show() {
    const shown = canvas();
    if (!shown || !state.photo) return;
    shown.width = state.photo.width; shown.height = state.photo.height;
    const context = shown.getContext("2d");
    context.drawImage(state.photo, 0, 0);
    context.globalAlpha = 0.6;
    context.globalCompositeOperation = "lighten";
    context.drawImage(state.mask, 0, 0);
  }

  async function take(file) {
    let picture;
    try { picture = await createImageBitmap(file); } catch { alert("This is not a picture that can be read."); return; }
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const width = Math.max(1, Math.round(picture.width * scale)), height = Math.max(1, Math.round(picture.height * scale));
    state.photo = layer(width, height, "white");
    state.photo.getContext("2d").drawImage(picture, 0, 0, width, height);
    state.mask = layer(width, height, "black");
    show();
    const fill = document.querySelector("#fill-in input");
    if (fill && !fill.checked) fill.click();
  }

  function paint(event) {
    const shown = canvas(), box = shown.getBoundingClientRect();
    const x = (event.clientX - box.left) * shown.width / box.width;
    const y = (event.clientY - box.top) * shown.height / box.height;
    const context = state.mask.getContext("2d");
    context.strokeStyle = "white"; context.lineCap = "round";
    context.lineWidth = 2 * BRUSH * Math.max(shown.width, shown.height);
    context.beginPath();
    context.moveTo(...(state.last || [x, y]));
    context.lineTo(x, y);
    context.stroke();
    state.last = [x, y];
    show();
  }

  document.addEventListener("change", (event) => {
    if (event.target.id === "ppgn-file" && event.target.files[0]) take(event.target.files[0]);
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target.id !== "ppgn-canvas" || !state.photo) return;
    event.target.setPointerCapture(event.pointerId);
    state.last = null;
    paint(event);
  });
  document.addEventListener("pointermove", (event) => {
    if (event.target.id === "ppgn-canvas" && state.photo && event.buttons) paint(event);
  });
  document.addEventListener("click", (event) => {
    if (event.target.id === "ppgn-clear" && state.photo) {
      state.mask = layer(state.photo.width, state.photo.height, "black");
      show();
    }
    const chosen = event.target.closest("[data-class]");
    const box = chosen && document.querySelector("#key-condition-target input, #key-condition-target textarea");
    if (box) {
      box.value = chosen.dataset.class;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  window.ppgnDrawn = () => state.photo ? [state.photo.toDataURL("image/png"), state.mask.toDataURL("image/png")] : ["", ""];
})();
