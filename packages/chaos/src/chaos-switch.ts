/**
 * Turns the layers that were given it on and off together, while the program runs. It is off until somebody turns it on, so
 * that chaos which was built in and forgotten does nothing. A call meets what is set when it comes in.
 */
export class ChaosSwitch {
  #isOn = false;

  get isOn(): boolean {
    return this.#isOn;
  }

  on(): void {
    this.#isOn = true;
  }

  off(): void {
    this.#isOn = false;
  }
}
