// The bell of an incoming call, and how loud the microphone is.

/** A soft double tone until somebody answers. */
export class Bell {
  unlock() {
    // Browsers let a page sound only after a press; becoming ready is one.
    this.context ??= new AudioContext();
    this.context.resume();
  }

  ring() {
    this.stop();
    this.unlock();
    const strike = () => {
      for (const [offset, pitch] of [[0, 740], [0.22, 587]]) this.tone(offset, pitch);
    };
    strike();
    this.timer = setInterval(strike, 2000);
  }

  /** A short sign that a call is being answered by itself. */
  once() {
    this.unlock();
    this.tone(0, 740);
  }

  tone(offset, pitch) {
    const start = this.context.currentTime + offset;
    const source = this.context.createOscillator();
    const volume = this.context.createGain();
    source.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
    source.connect(volume).connect(this.context.destination);
    source.start(start);
    source.stop(start + 0.22);
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** How loud the microphone is. */
export class Meter {
  constructor(element) {
    this.element = element;
  }

  follow(stream) {
    this.stop();
    if (!stream) return;
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 512;
    this.context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      this.element.value = Math.min(1, Math.sqrt(power) * 4);
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = null;
    this.element.value = 0;
  }
}
