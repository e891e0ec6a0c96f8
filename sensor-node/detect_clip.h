/* detect_clip.h - what `roadchief detect` says of clips of one event: what each passed over, by its shape alone. */
#ifndef SENSOR_NODE_DETECT_CLIP_H
#define SENSOR_NODE_DETECT_CLIP_H

/* One clip or a folder of them: a JSON line each, words on standard error; exit status (1 if no clip could be told). */
int clip_tell(const char *path);

#endif
