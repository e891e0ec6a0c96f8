#include "grid/status.h"

const char *road_status_name(enum road_status status)
{
    switch (status) {
#define ROW(name, code, sentence)                                                                            \
    case ROAD_##name:                                                                                        \
        return #name;
        ROAD_STATUS_TABLE(ROW)
#undef ROW
    }
    return "UNKNOWN";
}

const char *road_status_sentence(enum road_status status)
{
    switch (status) {
#define ROW(name, code, sentence)                                                                            \
    case ROAD_##name:                                                                                        \
        return sentence;
        ROAD_STATUS_TABLE(ROW)
#undef ROW
    }
    return "unknown status";
}
