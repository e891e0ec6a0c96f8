/* demo.h - `roadchief demo`. */
#ifndef FRONT_DEMO_H
#define FRONT_DEMO_H

int run_demo(int argc, char **argv);

#endif
