/* verb.h - `roadchief simulate fleet`. */
#ifndef SIM_CITY_VERB_H
#define SIM_CITY_VERB_H

/* argv[0] is "fleet". 0 ok, 1 failed, 2 usage. */
int simulate_fleet(int argc, char **argv);

#endif
