// The camera of this device, only while its panel is open.

import { Refusal } from "./refusal.js";
import { encoded, sized } from "./pictures.js";

const REFUSED = {
  NotAllowedError:
    "The camera stays off: this browser has no permission for it. Allow it next to the address bar, or choose a photo.",
  NotFoundError: "No camera was found. Choose a photo instead.",
  NotReadableError: "The camera is in use elsewhere. Close that, or choose a photo.",
};

export class Camera {
  // changed(on): the camera was switched on or off
  constructor(video, changed) {
    Object.assign(this, { video, changed, stream: null, wanted: false });
  }

  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Refusal(
        "picture",
        "Browsers allow the camera on https pages and localhost only. Choose a photo instead.",
      );
    }
    this.wanted = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 } },
      });
    } catch (error) {
      this.wanted = false;
      throw new Refusal(
        "picture",
        REFUSED[error.name] ?? "The camera could not be started. Choose a photo instead.",
      );
    }
    if (!this.wanted) {
      // The panel was left while the browser asked for permission.
      release(stream);
      return;
    }
    this.stop();
    this.stream = stream;
    stream.getVideoTracks()[0]?.addEventListener("ended", () => this.stop()); // pulled out
    this.video.srcObject = stream;
    this.changed(true);
    await this.video.play();
  }

  async shoot() {
    const canvas = sized(this.video.videoWidth, this.video.videoHeight);
    if (!canvas.width)
      throw new Refusal("picture", "The camera has no picture yet. Try again in a moment.");
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    return encoded(canvas, "image/png");
  }

  stop() {
    this.wanted = false;
    if (!this.stream) return;
    release(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.changed(false);
  }
}

function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
