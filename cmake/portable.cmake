# The sensing core for other processors, beside the native build: one object a source, by a compiler of its own.
#
# What the core and the encoder of batches consist of; functions nobody calls (readers of messages) are dropped when linking.
get_target_property(core_sources road_node_core SOURCES)
get_target_property(link_sources road_link SOURCES)
get_target_property(grid_sources road_grid SOURCES)
list(FILTER link_sources INCLUDE REGEX "^(message_.*|wire_write)[.]c$")
list(FILTER grid_sources EXCLUDE REGEX "/|^(explain|code|score|shape|probability|normal)[.]c$")
list(TRANSFORM core_sources PREPEND sensor-node/)
list(TRANSFORM link_sources PREPEND link/)
list(TRANSFORM grid_sources PREPEND grid/)
set(ROAD_PORTABLE_SOURCES ${core_sources} ${link_sources} ${grid_sources})
set(ROAD_PORTABLE_FLAGS -std=c17 -O2 -g -Wall -Wextra -ffp-contract=off -ffunction-sections
    -fdata-sections -D_GNU_SOURCE -DROAD_VERSION="${PROJECT_VERSION}" -I${CMAKE_SOURCE_DIR} -I${CMAKE_BINARY_DIR})

# road_portable(OUTPUT [ALL] COMPILER compiler and its flags LINK flags SOURCES files...): compiles and links OUTPUT; target
# portable_NAME makes it, a plain build too if ALL is said.
function(road_portable output)
    cmake_parse_arguments(P "ALL" "" "COMPILER;LINK;SOURCES" ${ARGN})
    get_filename_component(name ${output} NAME)
    set(objects)
    foreach(source ${P_SOURCES})
        list(GET P_COMPILER 0 compiler)
        get_filename_component(kind ${compiler} NAME)
        set(object ${CMAKE_BINARY_DIR}/portable/${kind}/${source}.o)
        get_filename_component(folder ${object} DIRECTORY)
        file(MAKE_DIRECTORY ${folder})
        get_property(known GLOBAL PROPERTY ROAD_PORTABLE_${object})
        if(NOT known)
            set_property(GLOBAL PROPERTY ROAD_PORTABLE_${object} ON)
            add_custom_command(OUTPUT ${object}
                COMMAND ${P_COMPILER} ${ROAD_PORTABLE_FLAGS} -MD -MF ${object}.d -c ${CMAKE_SOURCE_DIR}/${source} -o ${object}
                DEPENDS ${CMAKE_SOURCE_DIR}/${source} ${CMAKE_BINARY_DIR}/grid/catalogue_table.h
                DEPFILE ${object}.d COMMENT "Building ${kind} object ${source}" VERBATIM)
        endif()
        list(APPEND objects ${object})
    endforeach()
    add_custom_command(OUTPUT ${output} COMMAND ${P_COMPILER} ${objects} ${P_LINK} -o ${output} DEPENDS ${objects}
        COMMENT "Linking ${name}" VERBATIM)
    get_filename_component(folder ${output} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(all)
    if(P_ALL)
        set(all ALL)
    endif()
    add_custom_target(portable_${name} ${all} DEPENDS ${output})
    add_dependencies(portable_${name} road_grid) # which makes catalogue_table.h
endfunction()
