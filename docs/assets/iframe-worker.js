/* A browser gives no Worker to pages that are opened as files. Where it does not, an invisible frame
   does the work, so that the search of this site needs neither a server nor a network. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc =
        "<!doctype html><body><script>" +
        "postMessage = (message) => parent.postMessage(message, '*');" +
        "importScripts = (...urls) => Promise.all(urls.map((url) => new Promise((done, failed) => {" +
        "const script = document.createElement('script');" +
        "Object.assign(script, { src: url, async: false, onload: done, onerror: failed });" +
        "document.body.append(script); })));" +
        "</" + "script><script src='" + url + "'></" + "script></body>";
      this.ready = new Promise((done) => this.frame.addEventListener("load", done));
      this.listener = (event) => {
        if (event.source !== this.frame.contentWindow) return;
        const told = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(told);
        if (this.onmessage) this.onmessage(told);
      };
      addEventListener("message", this.listener);
      document.body.append(this.frame);
    }

    postMessage(message) {
      // The frame's own is the worker's, which leads to here.
      this.ready.then(() => window.postMessage.call(this.frame.contentWindow, message, "*"));
    }

    terminate() {
      removeEventListener("message", this.listener);
      this.frame.remove();
    }
  };
}
